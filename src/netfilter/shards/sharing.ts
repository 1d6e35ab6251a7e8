import type { PacketBatch } from '../../pipeline/packet-batch.ts'
import type { PacketSource } from '../../pipeline/packet-source.ts'
import { P_FAMILY } from '../../wire/packet-fields.ts'
import type { MachineParts, MachinePlace, MachineSettings } from '../machine-for.ts'
import type { Outcome, Sink } from '../outcome.ts'
import type { RulesetText } from './shard-task.ts'
import { ShardTeam } from './shard-team.ts'

/** How the work of a replay may be shared among threads. */
export interface SharingOptions {
  /** Threads that track connections and apply the rules. */
  readonly shards: number
  /** What ReplayOptions.rules and rules6 were read from. */
  readonly rules: RulesetText | undefined
  readonly rules6: RulesetText | undefined
  /**
   * Opens the same captures again from the beginning, for one thread that takes over where several could give other
   * answers.
   */
  reopen(): Promise<PacketSource>
}

/**
 * Threads that together give the answers of the machine of `parts`; null where packets of different pairs of hosts
 * depend on each other from the start, by a rule or a helper, or where threads cannot read along.
 */
export function teamFor(
  sharing: SharingOptions,
  settings: Omit<MachineSettings, 'rules' | 'rules6'>,
  place: MachinePlace,
  parts: MachineParts,
  tableMax: number,
  beginning: readonly PacketBatch[],
  source: PacketSource,
): ShardTeam | null {
  const { ruleset4, ruleset6 } = parts
  const { shared } = source
  const dependsByRules = (ruleset4?.sharing ?? ruleset6?.sharing ?? null) !== null
  if (shared === undefined || dependsByRules || (settings.helperPorts ?? []).length > 0) return null
  const { shards, rules, rules6 } = sharing
  return new ShardTeam({ shards, settings: { ...settings, rules, rules6 }, place, tableMax }, parts, beginning, shared)
}

/**
 * Passes the next batch to the sinks, as answered by a team.
 * @returns false where the team has to give up: nothing of this batch was passed on
 */
export async function giveAnswered(
  team: ShardTeam,
  batch: PacketBatch,
  outcome: Outcome,
  sinks: readonly Sink[],
  familyFrames: Float64Array,
): Promise<boolean> {
  const answers = await team.answers()
  if (answers === null) return false
  for (const sink of sinks) sink.frames?.(batch)
  for (let i = 0; i < batch.count; i++) {
    team.describe(batch, i, answers, outcome)
    familyFrames[outcome.fields[outcome.base + P_FAMILY]]++
    for (let s = 0; s < sinks.length; s++) sinks[s].packet(outcome)
  }
  team.delivered()
  return true
}
