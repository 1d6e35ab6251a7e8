import { PROTO_ICMPV6 } from '../../wire/protocols.ts'
import type { Family } from '../packet/rule-environment.ts'
import { STATE_INVALID, STATE_NEW, STATE_RELATED, STATE_UNTRACKED } from '../packet/rule-packet.ts'
import {
  asksForState,
  asksForTransport,
  dropsInTheEnd,
  type Ending,
  endingsOf,
  isOnlyForLoopback,
  mayBe,
  mayComeOverLoopback,
} from './accepting.ts'
import { Facts } from './facts.ts'
import { contains } from './field-sets.ts'
import type { Flow } from './flow.ts'
import { dropsWhatFollows, isWithoutSyn } from './replies.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/** Something in the rules that their author probably did not mean. */
export interface Mistake {
  readonly code:
    | 'replies-dropped'
    | 'open-to-source-port'
    | 'open-without-syn'
    | 'state-before-tracking'
    | 'state-never-in-nat'
    | 'alias-of-interface'
    | 'loopback-dropped'
    | 'invalid-accepted'
    | 'related-without-helper'
    | 'neighbour-discovery-dropped'
    | 'nothing-dropped'
  /** A warning says that packets go where they should not; a note, that something is worth knowing. */
  readonly level: 'warning' | 'note'
  /** What is wrong, and what to write instead. */
  readonly text: string
  /** The rules that it is about, if any. */
  readonly rules: readonly ReviewedRule[]
}

const NEIGHBOUR_SOLICITATION = 135 << 8
const NEIGHBOUR_ADVERTISEMENT = 136 << 8

/** Looks for common mistakes. @param filter its table, if there is one; @param all rules of all tables */
export function mistakesOf(
  family: Family,
  filter: Flow | undefined,
  all: readonly ReviewedRule[],
  dead: ReadonlySet<ReviewedRule>,
): Mistake[] {
  const early = [...stateBeforeTracking(all), ...stateNeverInNat(all), ...aliasOfInterface(all)]
  return filter === undefined ? early : [...early, ...filterMistakes(family, filter, all, dead)]
}

function filterMistakes(
  family: Family,
  filter: Flow,
  all: readonly ReviewedRule[],
  dead: ReadonlySet<ReviewedRule>,
): Mistake[] {
  const bases = ['INPUT', 'FORWARD', 'OUTPUT'].map((base) => ({ base, endings: endingsOf(filter, base, dead) }))
  return [
    ...bases
      .filter(({ base, endings }) => dropsWhatFollows(filter, base, endings, dead))
      .map(({ base }) => repliesDropped(base)),
    ...openToSourcePort(bases.filter(({ base }) => base !== 'OUTPUT').flatMap(({ endings }) => endings)),
    ...openWithoutSyn(bases.filter(({ base }) => base !== 'OUTPUT').flatMap(({ endings }) => endings)),
    ...loopbackDropped(filter, bases[0].endings),
    ...once(bases.flatMap(({ endings }) => invalidAccepted(endings))),
    ...(family === 'ipv6' ? neighbourDiscoveryDropped(filter, bases[0].endings) : []),
    ...relatedWithoutHelper(
      bases.flatMap(({ endings }) => endings),
      all,
    ),
    ...nothingDropped(
      filter,
      bases.flatMap(({ endings }) => endings),
    ),
  ]
}

function repliesDropped(base: string): Mistake {
  const text =
    `No rule of ${base} accepts ESTABLISHED for the TCP connections that the rules open as NEW: their replies, or all ` +
    'but their first packets, are dropped. Begin the chain with -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT.'
  return { code: 'replies-dropped', level: 'warning', text, rules: [] }
}

/** `--sport 53 -j ACCEPT`: meant for replies, but anybody can choose the source port. */
function openToSourcePort(endings: readonly Ending[]): Mistake[] {
  const holes = endings.filter(({ accepts, facts }) => {
    if (!accepts || !mayBe(facts, STATE_NEW) || isOnlyForLoopback(facts)) return false
    const ports = facts.values.get('sourcePort')
    const few = ports?.every(({ low, high }) => high < 1024 || low === high)
    const named = ['source0', 'source3', 'destinationPort', 'tcpFlags'] as const
    return few === true && named.every((field) => !facts.values.has(field))
  })
  if (holes.length === 0) return []
  const text =
    'Whoever sends from this source port comes through, to every port: the rule does not ask for the state. Replies ' +
    'need only -m conntrack --ctstate ESTABLISHED.'
  return [{ code: 'open-to-source-port', level: 'warning', text, rules: rulesOf(holes) }]
}

/** `! --syn -j ACCEPT`: meant for replies, but anybody can send segments without SYN. */
function openWithoutSyn(endings: readonly Ending[]): Mistake[] {
  const holes = endings.filter(({ accepts, facts }) => {
    if (!accepts || !mayBe(facts, STATE_NEW) || isOnlyForLoopback(facts) || !isWithoutSyn(facts)) return false
    const named = ['source0', 'source3', 'destinationPort'] as const
    return named.every((field) => !facts.values.has(field))
  })
  if (holes.length === 0) return []
  const text =
    'Whoever sends TCP segments without SYN comes through, to every port: the rule does not ask for the state. Replies ' +
    'need only -m conntrack --ctstate ESTABLISHED.'
  return [{ code: 'open-without-syn', level: 'warning', text, rules: rulesOf(holes) }]
}

/**
 * Rules in raw that ask for a state. (Only packets of the machine to itself over lo are tracked already at PREROUTING.)
 */
function stateBeforeTracking(all: readonly ReviewedRule[]): Mistake[] {
  const asking = all.filter((rule) => {
    if (rule.table.name !== 'raw') return false
    const facts = new Facts().add(rule.checks)
    const states = facts.values.get('state')
    return states?.some(({ low }) => low !== STATE_UNTRACKED) && !isOnlyForLoopback(facts)
  })
  if (asking.length === 0) return []
  const text =
    'The table raw is asked before packets are tracked: each is INVALID there (after NOTRACK UNTRACKED, after CT NEW), ' +
    'also those of known connections; only packets over lo have a state. Ask for states in mangle or filter.'
  return [{ code: 'state-before-tracking', level: 'warning', text, rules: asking }]
}

/** Rules in nat that ask for ESTABLISHED: they see only the first packets of connections. */
function stateNeverInNat(all: readonly ReviewedRule[]): Mistake[] {
  const asking = all.filter((rule) => {
    if (rule.table.name !== 'nat') return false
    const facts = new Facts().add(rule.checks)
    return asksForState(facts) && !mayBe(facts, STATE_NEW) && !mayBe(facts, STATE_RELATED)
  })
  if (asking.length === 0) return []
  const text =
    'These rules never match: the table nat sees only the first packet of a connection, which is NEW or RELATED. What it ' +
    'binds then holds for all packets of the connection.'
  return [{ code: 'state-never-in-nat', level: 'warning', text, rules: asking }]
}

/** `-i eth0:1`: the kernel gives no interface a name with a colon. */
function aliasOfInterface(all: readonly ReviewedRule[]): Mistake[] {
  const asking = all.filter(({ rule: { header } }) =>
    [header.inInterface, header.outInterface].some((name) => name?.value.includes(':')),
  )
  if (asking.length === 0) return []
  const text =
    'No interface has a colon in its name: eth0:1 is a further address of eth0, and packets come in and leave by eth0. ' +
    'Name eth0, and with -d or -s the address.'
  return [{ code: 'alias-of-interface', level: 'warning', text, rules: asking }]
}

/** No rule for lo, over which programs of the machine talk to each other: name servers, databases, mail. */
function loopbackDropped(filter: Flow, endings: readonly Ending[]): Mistake[] {
  const accepting = endings.filter(({ accepts }) => accepts)
  if (accepting.length === 0 || !dropsInTheEnd(filter, 'INPUT', endings)) return []
  const takesLoopback = accepting.some(
    ({ facts }) => mayBe(facts, STATE_NEW) && !asksForTransport(facts) && mayComeOverLoopback(facts),
  )
  if (takesLoopback) return []
  const text =
    'No rule of INPUT accepts what programs of this machine send to each other (-i lo): it is dropped, but for what the ' +
    'rules for other packets let through. Add -A INPUT -i lo -j ACCEPT.'
  return [{ code: 'loopback-dropped', level: 'note', text, rules: [] }]
}

/** DROP of INVALID packets after rules that have accepted such packets already. */
function invalidAccepted(endings: readonly Ending[]): Mistake[] {
  const drop = endings.find(({ accepts, facts }) => {
    const states = facts.values.get('state')
    return (
      !accepts && states !== undefined && mayBe(facts, STATE_INVALID) && states.length === 1 && !mayBe(facts, STATE_NEW)
    )
  })
  if (drop === undefined) return []
  const before = endings.filter(
    ({ rule, accepts, facts }) =>
      accepts &&
      rule.chain === drop.rule.chain &&
      rule.number < drop.rule.number &&
      mayBe(facts, STATE_INVALID) &&
      !isOnlyForLoopback(facts),
  )
  if (before.length === 0) return []
  const text =
    `INVALID packets that these rules accept never come to line ${drop.rule.rule.line}, which would drop them. Put that ` +
    'line before them, or let them ask for --ctstate NEW.'
  return [{ code: 'invalid-accepted', level: 'note', text, rules: rulesOf(before) }]
}

function relatedWithoutHelper(endings: readonly Ending[], all: readonly ReviewedRule[]): Mistake[] {
  const related = endings.filter(({ accepts, facts }) => accepts && asksForState(facts) && mayBe(facts, STATE_RELATED))
  const helps = all.some(({ rule }) => rule.target?.name === 'CT' && rule.target.target.print().includes('--helper'))
  if (related.length === 0 || helps) return []
  const text =
    'RELATED is accepted, but no rule assigns a helper (-t raw -j CT --helper ftp): only ICMP errors are RELATED then, ' +
    'data connections of FTP, SIP and the like are NEW. For kernels that assign helpers by themselves replay with ' +
    '--helper auto.'
  return [{ code: 'related-without-helper', level: 'note', text, rules: rulesOf(related) }]
}

/** No rule for neighbour discovery, which is UNTRACKED, so that accepting ESTABLISHED is not enough. */
function neighbourDiscoveryDropped(filter: Flow, endings: readonly Ending[]): Mistake[] {
  if (!dropsInTheEnd(filter, 'INPUT', endings)) return []
  const accepted = (typeCode: number): boolean =>
    endings.some(({ accepts, facts }) => {
      const protocols = facts.values.get('protocol')
      const types = facts.values.get('icmpTypeCode')
      if (!accepts || isOnlyForLoopback(facts) || !mayBe(facts, STATE_UNTRACKED)) return false
      return (!protocols || contains(protocols, PROTO_ICMPV6)) && (!types || contains(types, typeCode))
    })
  if (accepted(NEIGHBOUR_SOLICITATION) && accepted(NEIGHBOUR_ADVERTISEMENT)) return []
  const text =
    'No rule of INPUT accepts neighbour discovery (ICMPv6 types 135 and 136, UNTRACKED): the machine cannot be reached ' +
    'over IPv6 at all. Add -p ipv6-icmp -j ACCEPT.'
  return [{ code: 'neighbour-discovery-dropped', level: 'warning', text, rules: [] }]
}

function nothingDropped(filter: Flow, endings: readonly Ending[]): Mistake[] {
  const bases = filter.table.chains.filter(({ policy }) => policy !== null)
  const drops = bases.some(({ policy }) => policy === 'DROP') || endings.some(({ accepts }) => !accepts)
  if (drops || endings.length === 0) return []
  const text =
    'The filter table drops nothing: all policies are ACCEPT, and no rule that packets come to drops or rejects.'
  return [{ code: 'nothing-dropped', level: 'note', text, rules: [] }]
}

/** The same rules may be met from several base chains. */
function once(mistakes: readonly Mistake[]): Mistake[] {
  const met = new Map(mistakes.map((one) => [one.rules.map(({ rule }) => rule.line).join(' '), one]))
  return [...met.values()]
}

function rulesOf(endings: readonly Ending[]): ReviewedRule[] {
  return [...new Set(endings.map(({ rule }) => rule))]
}
