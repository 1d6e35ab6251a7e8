import { ALL_PARTS } from '../packet/packet-edits.ts'
import { type RulePacket, VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT } from '../packet/rule-packet.ts'
import type { WalkContext } from './walk-context.ts'

/**
 * The most jumps that are followed for one packet in one base chain. Chains that call each other twice, level after
 * level, would take years; Linux follows all jumps and stalls.
 */
export const JUMPS_MAX = 65_536
/** With more possible ways than this at once, the packet is undecidable. */
const WORLDS_MAX = 64
const TOO_MANY_WORLDS = `more than ${WORLDS_MAX} ways through the rules are possible; settle the unknown matches with --assume`
export const TOO_MANY_JUMPS = `rules send the packet from chain to chain more than ${JUMPS_MAX} times; let fewer rules call each chain`
const ALL_VERDICTS = (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP) | (1 << VERDICT_REJECT)

/** Why a walk is given up; null if it goes on. */
export function limitPassed(worlds: number, jumps: number): string | null {
  if (worlds > WORLDS_MAX) return TOO_MANY_WORLDS
  return jumps > JUMPS_MAX ? TOO_MANY_JUMPS : null
}

/** Tells the packet that its walk was given up: verdict, mark, changes and the mark of its connection are unknown. */
export function leaveOpen(packet: RulePacket, context: WalkContext, decidedBy: number, missing: string): void {
  packet.unknownMark = -1
  if (context.hasEdits) packet.edits.uncertain = ALL_PARTS
  if (packet.connection >= 0) context.runtime.uncertainMarks.add(packet.connections, packet.connection)
  packet.decidedBy = decidedBy
  packet.isBindingUnsure = true
  packet.possibleVerdicts = ALL_VERDICTS
  packet.unknownReason = context.reasonIndex(missing)
}
