import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { openCapture } from '../../src/capture/open-capture.ts'
import { USUAL_HELPER_PORTS } from '../../src/conntrack/helpers/registry.ts'
import { reasonText } from '../../src/conntrack/reasons.ts'
import { LocalAddresses } from '../../src/netfilter/local-addresses.ts'
import type { Machine } from '../../src/netfilter/machine.ts'
import { CTSTATE_NAMES, CTSTATE_NONE, type Outcome, type Sink } from '../../src/netfilter/outcome.ts'
import { type ReplayOptions, replay } from '../../src/netfilter/replay.ts'
import { countedRuleset } from '../../src/report/counted-ruleset.ts'
import { type ParsedRuleset, parseRuleset, parseSets, RulesetError } from '../../src/ruleset/index.ts'
import { HOOK_INPUT, HOOK_OUTPUT } from '../../src/ruleset/packet/hooks.ts'
import { VERDICT_DROP, VERDICT_NAMES, VERDICT_NONE, verdictsOf } from '../../src/ruleset/packet/rule-packet.ts'
import {
  IP_V6,
  NOTE_CUT,
  NOTE_FRAGMENT_DROPPED,
  NOTE_FRAGMENT_QUEUED,
  NOTE_NAMES,
  NOTE_NONE,
  NOTE_NOT_ROUTED,
  NOTE_NOT_SEEN,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_SRC,
} from '../../src/wire/packet-fields.ts'
import { type Answer, type Fate, NO_ANSWER } from './answer.ts'
import { type Counted, countedIn } from './counters.ts'
import { NotComparable } from './not-comparable.ts'
import { packetText } from './packet-text.ts'
import type { SettledPair } from './pair.ts'
import { type TableRow, tableOfCtreplay } from './table.ts'

/** A packet for people: its frame number, itself on one line, and the key of its connection. */
export interface PacketLine {
  frame: number
  key: string
  text: string
}

interface CtreplayAnswers {
  answers: Answer[]
  packets: PacketLine[]
  /** What is left in the connection table after the last frame. */
  table: TableRow[]
  /** All rules and policies. */
  counted: Counted[]
  /** The machine sent a broadcast, or something to itself. */
  sentBroadcast: boolean
  sentToItself: boolean
  /** The latter with IPv6, in fragments. */
  sentItselfFragments: boolean
}

/** What ctreplay says to each frame, in the words that both sides share. */
export async function answersOfCtreplay(pair: SettledPair): Promise<CtreplayAnswers> {
  const answers: Answer[] = []
  let table: TableRow[] = []
  const own = new LocalAddresses([...pair.local, ...(pair.inLocal ?? [])])
  let sentBroadcast = false
  let sentToItself = false
  let sentItselfFragments = false
  const packets: PacketLine[] = []
  const sink: Sink = {
    packet(outcome) {
      // Wireshark numbers pcapng blocks that hold no packet, and so do we; the oracle does not see them.
      if (outcome.linkType < 0) return
      answers.push(answerOfOutcome(outcome))
      const { fields, base, hook } = outcome
      const family = fields[base + P_FAMILY]
      if (hook === HOOK_OUTPUT && own.isBroadcast(family, fields, base + P_DST)) sentBroadcast = true
      if (hook === HOOK_INPUT && own.has(family, fields, base + P_SRC)) {
        sentToItself = true
        if (family === IP_V6 && fields[base + P_FRAGMENT] !== 0) sentItselfFragments = true
      }
      packets.push({ frame: outcome.frame, ...packetText(outcome.fields, outcome.base) })
    },
  }
  const reader = await openCapture([pair.capture])
  const atEnd = ({ tracker: { current }, nowNs }: Machine) => {
    table = tableOfCtreplay(current, nowNs)
  }
  const options = optionsOf(pair)
  const { ruleset4, ruleset6 } = await replay(reader, { ...options, atEnd }, [sink])
  const counted = [
    ...(options.rules && ruleset4 ? countedIn(countedRuleset(options.rules, ruleset4), 'ipv4') : []),
    ...(options.rules6 && ruleset6 ? countedIn(countedRuleset(options.rules6, ruleset6), 'ipv6') : []),
  ]
  return { answers, packets, table, counted, sentBroadcast, sentToItself, sentItselfFragments }
}

function optionsOf(pair: SettledPair): ReplayOptions {
  const { inLocal = [] } = pair
  return {
    mode: pair.mode,
    local: [...pair.local, ...inLocal],
    interfaces: inLocal.length === 0 ? [] : [{ name: pair.inInterface, networks: inLocal }],
    inInterface: pair.inInterface,
    outInterface: pair.outInterface,
    rules: parsed(pair.rules, 'ipv4'),
    rules6: parsed(pair.rules6, 'ipv6'),
    sets: pair.ipset === undefined ? [] : parseSets(readFileSync(pair.ipset, 'utf8'), basename(pair.ipset)),
    sysctls: new Map(Object.entries(pair.sysctls ?? {})),
    checksum: pair.checksum,
    helperPorts: pair.helper === 'auto' ? USUAL_HELPER_PORTS : [],
    assume: new Map(),
  }
}

function parsed(file: string | undefined, family: 'ipv4' | 'ipv6'): ParsedRuleset | undefined {
  if (file === undefined) return undefined
  try {
    return parseRuleset(readFileSync(file, 'utf8'), basename(file), family)
  } catch (error) {
    if (error instanceof RulesetError) throw new NotComparable(`ctreplay says: ${error.message}`)
    throw error
  }
}

/** A rule that can give up and drop the packet, whatever its target. */
const CONNLIMIT = / -m connlimit\b/

export function answerOfOutcome(outcome: Outcome): Answer {
  const labelled = outcome.state !== CTSTATE_NONE
  const judged = labelled || outcome.verdict !== VERDICT_NONE
  const notRouted = outcome.note === NOTE_NOT_ROUTED
  const { base } = outcome
  return {
    ...NO_ANSWER,
    fate: fateOf(outcome, labelled),
    label: CTSTATE_NAMES[outcome.state],
    direction: outcome.direction < 0 ? null : outcome.direction === 0 ? 'original' : 'reply',
    verdict: !judged ? null : notRouted ? 'not-routed' : VERDICT_NAMES[outcome.verdict],
    rule: judged && !notRouted ? (outcome.rule?.record ?? null) : null,
    isSilent:
      outcome.verdict === VERDICT_DROP && outcome.rule?.target === 'REJECT' && CONNLIMIT.test(outcome.rule.text),
    isCut: outcome.note === NOTE_CUT && outcome.fields[base + P_L3_CAPTURED] < outcome.fields[base + P_L3_LENGTH],
    isOverrun: isOverrun(outcome),
    reason: reasonText(outcome.reason, outcome.reasonA, outcome.reasonB, outcome.reasonFrame),
    reasonCode: outcome.reason,
    possible: verdictsOf(outcome.possibleVerdicts),
    assumesFrame: outcome.assumesFrame,
    note: NOTE_NAMES[outcome.note],
  }
}

/** Asked with a pair of veth devices: Linux 6.18 forwards such packets. */
function isOverrun({ fields, base }: Outcome): boolean {
  const end = fields[base + P_L3_OFFSET] + fields[base + P_L3_LENGTH]
  return fields[base + P_FAMILY] === IP_V6 && fields[base + P_L4_OFFSET] > end
}

function fateOf(outcome: Outcome, labelled: boolean): Fate {
  if (labelled) return 'labelled'
  switch (outcome.note) {
    case NOTE_FRAGMENT_QUEUED:
    case NOTE_FRAGMENT_DROPPED:
      return 'fragment'
    case NOTE_NOT_SEEN:
      return 'not seen'
    case NOTE_NONE:
      return 'dropped before the label'
    default:
      return 'no packet'
  }
}
