import { PROTO_TCP } from '../../wire/protocols.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { intersect } from '../evaluate/value-set.ts'
import { STATE_ESTABLISHED, STATE_NEW, STATE_UNTRACKED, VERDICT_ACCEPT } from '../packet/rule-packet.ts'
import {
  asksForState,
  dropsInTheEnd,
  type Ending,
  endingsOf,
  factsOnTheWay,
  isOnlyForLoopback,
  mayBe,
} from './accepting.ts'
import { Facts } from './facts.ts'
import { contains } from './field-sets.ts'
import { CLIMB_MAX, type Flow } from './flow.ts'
import type { NameFact } from './interface-names.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

const SYN = 2
const ACK = 16
/** Stands for the ports that clients are given, which no rule for a service is about. */
const CLIENT_PORT = 50_000
/** Most ways to a rule that are followed. */
const WAYS_MAX = 64

/** The chain that sees the first packets of the connections whose replies a chain sees. */
const OPPOSITE: Readonly<Record<string, string>> = { INPUT: 'OUTPUT', OUTPUT: 'INPUT', FORWARD: 'FORWARD' }

/** A field of the packets of a connection, and the field of its replies that has the same value. */
const MIRRORED: readonly (readonly [FieldName, FieldName])[] = [
  ...[0, 1, 2, 3].flatMap((word) => {
    const [source, destination] = [`source${word}`, `destination${word}`] as [FieldName, FieldName]
    return [[source, destination] as const, [destination, source] as const]
  }),
  ['sourcePort', 'destinationPort'],
  ['destinationPort', 'sourcePort'],
]

/** Whether the rule selects, by their flags, TCP segments that do not open a connection. */
export function isWithoutSyn(facts: Facts): boolean {
  const flags = facts.values.get('tcpFlags')
  return flags !== undefined && contains(flags, ACK) && !contains(flags, SYN)
}

/**
 * Whether a base chain lets through no more than the first packet of any TCP connection that the rules open: of those
 * that the opposite chain opens, it drops the replies, or of those that its own rules open as NEW, what follows. Other
 * protocols are not considered: many of their packets (syslog, multicast, ICMP errors) are never answered.
 */
export function dropsWhatFollows(
  flow: Flow,
  base: string,
  endings: readonly Ending[],
  dead: ReadonlySet<ReviewedRule>,
): boolean {
  if (!endings.some(({ accepts, facts }) => accepts && !isOnlyForLoopback(facts))) return false
  if (!dropsInTheEnd(flow, base, endings)) return false
  const later = laterPackets(flow, base, dead)
  const opened = openersOf(flow, OPPOSITE[base], dead)
  const asNew = openingRules(flow, base, endings, dead).filter((facts) => asksForState(facts) && !mayBeLater(facts))
  return (
    noneIn(opened, (opener) => later.some((one) => mayReply(one, opener))) ||
    noneIn(asNew, (opener) => later.some((one) => mayFollow(one, opener)))
  )
}

function noneIn(openers: readonly Facts[], isServed: (opener: Facts) => boolean): boolean {
  return openers.length > 0 && !openers.some(isServed)
}

/** What is known of the TCP connections that a chain opens, by each rule that does so and by its policy. */
function openersOf(flow: Flow, base: string, dead: ReadonlySet<ReviewedRule>): Facts[] {
  const endings = endingsOf(flow, base, dead)
  const refusals = endings.filter(({ accepts, facts }) => !accepts && isAboutNewAlone(facts))
  const open = endings.filter(({ rule }) => {
    return !refusals.some((one) => one.rule.chain === rule.chain && one.rule.number < rule.number)
  })
  const openers = openingRules(flow, base, open, dead)
  const byPolicy = flow.chain(base)?.policy !== 'DROP' && !flow.isFinal(base) && refusals.length === 0
  return byPolicy ? [...openers, new Facts()] : openers
}

/** Whether the rule is about packets with the state NEW, whatever else they are. */
function isAboutNewAlone({ values, names }: Facts): boolean {
  const states = values.get('state')
  return names.length === 0 && values.size === 1 && states !== undefined && contains(states, STATE_NEW)
}

function openingRules(flow: Flow, base: string, endings: readonly Ending[], dead: ReadonlySet<ReviewedRule>): Facts[] {
  const accepting = endings.filter(({ accepts }) => accepts)
  return accepting.flatMap(({ rule }) => waysTo(flow, base, rule, dead) ?? []).filter(opens)
}

/**
 * Whether a rule opens TCP connections with other machines. A rule that asks for the source port and not for the
 * destination's is meant for replies.
 */
function opens(facts: Facts): boolean {
  if (isOnlyForLoopback(facts) || !mayBe(facts, STATE_NEW) || !mayBeTcp(facts, SYN)) return false
  return !facts.values.has('sourcePort') || facts.values.has('destinationPort')
}

/** What is known of the packets that each rule of a chain accepts, or leaves to a program, in an open TCP connection. */
function laterPackets(flow: Flow, base: string, dead: ReadonlySet<ReviewedRule>): Facts[] {
  const rules = flow.rulesFrom(base, dead).filter(({ rule }) => {
    const action = rule.target?.target.action
    return action?.kind === 'undecided' || (action?.kind === 'verdict' && action.verdict === VERDICT_ACCEPT)
  })
  return rules
    .flatMap((rule) => waysTo(flow, base, rule, dead) ?? factsOnTheWay(flow, rule))
    .filter((facts) => mayBeLater(facts) && mayBeTcp(facts, ACK) && !isOnlyForLoopback(facts))
}

/** What is known of the packets that come to a rule from a base chain, by each way there; null for too many ways. */
function waysTo(flow: Flow, base: string, rule: ReviewedRule, dead: ReadonlySet<ReviewedRule>): Facts[] | null {
  const ways: Facts[] = []
  const open: ReviewedRule[][] = [[rule]]
  for (let way = open.pop(); way !== undefined; way = open.pop()) {
    const { chain } = way[way.length - 1]
    if (chain.policy !== null) {
      if (chain.name === base) ways.push(way.reduce((facts, { checks }) => facts.add(checks), new Facts()))
      continue
    }
    const callers = flow.callersOf(chain.name).filter((caller) => !dead.has(caller))
    if (way.length === CLIMB_MAX || ways.length + open.length + callers.length > WAYS_MAX) return null
    for (const caller of callers) open.push([...way, caller])
  }
  return ways
}

/** Packets of connections that raw has exempted from tracking are never ESTABLISHED. */
function mayBeLater(facts: Facts): boolean {
  return mayBe(facts, STATE_ESTABLISHED) || mayBe(facts, STATE_UNTRACKED)
}

function mayBeTcp({ values }: Facts, flags: number): boolean {
  const [protocols, asked] = [values.get('protocol'), values.get('tcpFlags')]
  return (protocols === undefined || contains(protocols, PROTO_TCP)) && (asked === undefined || contains(asked, flags))
}

/** Whether packets of the rule `later` may be replies to those of the rule `opener`. */
function mayReply(later: Facts, opener: Facts): boolean {
  const ports = later.values.get('destinationPort')
  if (!opener.values.has('sourcePort') && ports !== undefined && !contains(ports, CLIENT_PORT)) return false
  return (
    MIRRORED.every(([ofOpener, ofReply]) => overlap(opener, ofOpener, later, ofReply)) && interfacesFit(later, opener)
  )
}

/** Whether packets of the rule `later` may be further ones of a connection that the rule `opener` opens. */
function mayFollow(later: Facts, opener: Facts): boolean {
  return MIRRORED.every(([field]) => overlap(opener, field, later, field))
}

function overlap(one: Facts, field: FieldName, other: Facts, otherField: FieldName): boolean {
  const [asked, found] = [one.values.get(field), other.values.get(otherField)]
  return asked === undefined || found === undefined || intersect(asked, found).length > 0
}

/** Replies come in where the connection goes out, and leave where it comes in. */
function interfacesFit(later: Facts, opener: Facts): boolean {
  return later.names.every((one) =>
    opener.names.every((other) => one.field === other.field || mayBeSameName(one, other)),
  )
}

function mayBeSameName(one: NameFact, other: NameFact): boolean {
  const within = (part: NameFact, whole: NameFact): boolean =>
    whole.prefix ? part.name.startsWith(whole.name) : !part.prefix && part.name === whole.name
  if (one.negated && other.negated) return true
  if (one.negated) return !within(other, one)
  if (other.negated) return !within(one, other)
  return within(one, other) || within(other, one)
}
