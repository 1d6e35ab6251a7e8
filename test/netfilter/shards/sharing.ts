import { type MachineSettings, machineFor } from '../../../src/netfilter/machine-for.ts'
import { Outcome } from '../../../src/netfilter/outcome.ts'
import { AnswerReader } from '../../../src/netfilter/shards/answer-reader.ts'
import { ANSWER_NUMBERS } from '../../../src/netfilter/shards/answer-rows.ts'
import type { AnswerWord } from '../../../src/netfilter/shards/answer-words.ts'
import { ownDatagrams, Shard } from '../../../src/netfilter/shards/shard.ts'
import { sumOf, type Tally, tallyOf } from '../../../src/netfilter/tally.ts'
import type { Mode } from '../../../src/netfilter/topology.ts'
import { decodeBatch } from '../../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../../src/pipeline/packet-batch.ts'
import { parseRuleset } from '../../../src/ruleset/index.ts'
import type { CaptureFrame } from '../../support/pcap.ts'
import { addFrame } from '../replaying.ts'

const FRAMES_A_BATCH = 16

export interface Sharing {
  readonly rules?: string
  readonly rules6?: string
  readonly mode?: Mode
  readonly local?: readonly string[]
  readonly sysctls?: Readonly<Record<string, number>>
}

/** What came of it. */
interface Shared {
  /** Everything that an outcome says, frame by frame. */
  readonly outcomes: readonly unknown[]
  /** Packets and bytes by rule. */
  readonly counters: readonly string[]
  readonly tally: Tally
  /** First batch from which on shards could not be sure; -1 for none. */
  readonly concernsOthers: number
  /** Upper bounds of a table for all, by batch. */
  readonly pressure: readonly number[]
}

export function settingsOf({ rules, rules6, sysctls }: Sharing): MachineSettings {
  return {
    interfaces: [],
    rules: rules === undefined ? undefined : parseRuleset(rules, 'rules.v4', 'ipv4'),
    rules6: rules6 === undefined ? undefined : parseRuleset(rules6, 'rules.v6', 'ipv6'),
    sysctls: new Map(Object.entries(sysctls ?? {}).map(([name, value]) => [name, String(value)] as const)),
    checksum: 'auto',
    assume: new Map(),
  }
}

export function batchesOf(frames: readonly CaptureFrame[]): PacketBatch[] {
  const batches: PacketBatch[] = []
  for (const { bytes, time } of frames) {
    if ((batches.at(-1)?.count ?? FRAMES_A_BATCH) === FRAMES_A_BATCH) batches.push(new PacketBatch(FRAMES_A_BATCH))
    addFrame(batches[batches.length - 1], bytes, { time: time ?? 0 })
  }
  for (const batch of batches) decodeBatch(batch)
  return batches
}

/** All of an outcome but where the frame lies in memory. */
function copyOf(outcome: Outcome): unknown {
  const { frameBytes: _, frameOffset: __, fields: ___, base: ____, fragments, rule, ...rest } = outcome
  return { ...rest, rule: rule?.record ?? null, fragments: [...fragments.slice(0, outcome.fragmentCount)] }
}

const placeOf = ({ mode, local }: Sharing) => ({
  mode: mode ?? 'router',
  local: local ?? [],
  checksumsUnreliable: false,
})

export function replayAlone(frames: readonly CaptureFrame[], sharing: Sharing): Shared {
  const parts = machineFor(settingsOf(sharing), placeOf(sharing))
  const outcome = new Outcome()
  const outcomes: unknown[] = []
  for (const batch of batchesOf(frames)) {
    parts.machine.approach(batch, 0, batch.count)
    for (let i = 0; i < batch.count; i++) {
      parts.machine.process(batch, i, outcome)
      outcomes.push(copyOf(outcome))
    }
  }
  parts.machine.settle()
  const counters = [parts.ruleset4, parts.ruleset6].flatMap(
    (ruleset) => ruleset?.rules.map(({ id, record }) => `${record} ${ruleset.packets(id)} ${ruleset.bytes(id)}`) ?? [],
  )
  return { outcomes, counters, tally: tallyOf(parts), concernsOthers: -1, pressure: [] }
}

/** The same by several machines, each in its turn batch by batch, and their answers put together. */
export function replayShared(frames: readonly CaptureFrame[], sharing: Sharing, shards: number): Shared {
  const words: AnswerWord[][] = Array.from({ length: shards }, () => [])
  const made = Array.from({ length: shards }, (_, shard) => {
    const parts = machineFor(settingsOf(sharing), placeOf(sharing), ownDatagrams(shard, shards))
    const tell = (word: AnswerWord) => void words[shard].push(word)
    return { parts, shard: new Shard({ shard, shards, ...parts, tell }) }
  })
  const { ruleset4, ruleset6 } = machineFor(settingsOf(sharing), placeOf(sharing))
  const reader = new AnswerReader(shards, ruleset4, ruleset6, (shard) => words[shard].shift() as AnswerWord)
  const outcome = new Outcome()
  const outcomes: unknown[] = []
  const pressure: number[] = []
  let concernsOthers = -1
  for (const [number, batch] of batchesOf(frames).entries()) {
    const answers = new Float64Array(FRAMES_A_BATCH * ANSWER_NUMBERS).fill(Number.NaN)
    for (const { shard } of made) {
      shard.take(batch, answers)
      if (shard.concernsOthers && concernsOthers < 0) concernsOthers = number
    }
    pressure.push(made.reduce((sum, { shard }) => sum + shard.takePressure(), 0))
    for (let i = 0; i < batch.count; i++) {
      reader.describe(batch, i, answers, outcome)
      outcomes.push(copyOf(outcome))
    }
  }
  for (const { parts } of made) parts.machine.settle()
  const counters = (['ruleset4', 'ruleset6'] as const).flatMap(
    (family) =>
      made[0].parts[family]?.rules.map(({ id, record }) => {
        const sum = (of: 'packets' | 'bytes') =>
          made.reduce((total, { parts }) => total + (parts[family]?.[of](id) ?? 0), 0)
        return `${record} ${sum('packets')} ${sum('bytes')}`
      }) ?? [],
  )
  return { outcomes, counters, tally: sumOf(made.map(({ parts }) => tallyOf(parts))), concernsOthers, pressure }
}
