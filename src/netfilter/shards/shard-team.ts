import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import type { PacketBatch } from '../../pipeline/packet-batch.ts'
import type { SharedBatches } from '../../pipeline/packet-source.ts'
import { BRIEF_MILLISECONDS, resultOf, startThread } from '../../pipeline/worker-thread.ts'
import type { CompiledRuleset } from '../../ruleset/ruleset.ts'
import type { MachineParts, MachinePlace } from '../machine-for.ts'
import type { Outcome } from '../outcome.ts'
import { sumOf, type Tally } from '../tally.ts'
import { AnswerReader } from './answer-reader.ts'
import { AnswerRing } from './answer-ring.ts'
import type { AnswerWord } from './answer-words.ts'
import { copyOf, type ShardResult, type ShardSettings, type ShardTask } from './shard-task.ts'

interface TeamOptions {
  readonly shards: number
  readonly settings: ShardSettings
  readonly place: MachinePlace
  /** nf_conntrack_max; 0 for no limit. */
  readonly tableMax: number
}

/**
 * Why a team leaves the work to one machine: its table might be full, or a helper would have announced a connection
 * between other hosts.
 */
export type Surrender = 'full-table' | 'announced'

/** Threads that share the work of one machine, and put their answers together. */
export class ShardTeam {
  readonly #shards: number
  readonly #tableMax: number
  readonly #ring: AnswerRing
  readonly #reader: AnswerReader
  readonly #workers: readonly Worker[]
  readonly #ports: readonly MessagePort[]
  readonly #results: Promise<ShardResult>[]
  #batch = 0
  /** Why a thread ended too early; null where none did. */
  #death: Error | null = null
  #isClosed = false
  #surrender: Surrender | null = null

  /** @param parts the machine that the team replaces: outcomes name its rules, which get the counters at the end */
  constructor(
    { shards, settings, place, tableMax }: TeamOptions,
    { ruleset4, ruleset6 }: MachineParts,
    beginning: readonly PacketBatch[],
    batches: SharedBatches,
  ) {
    this.#shards = shards
    this.#tableMax = tableMax
    this.#ring = new AnswerRing(shards)
    this.#reader = new AnswerReader(shards, ruleset4, ruleset6, (shard) => this.#hear(shard))
    const channels = Array.from({ length: shards }, () => new MessageChannel())
    this.#ports = channels.map(({ port1 }) => port1)
    this.#workers = channels.map(({ port2: port }, shard) => {
      const copies = beginning.map(copyOf)
      const { memory: answers } = this.#ring
      const task: ShardTask = { shard, shards, settings, place, beginning: copies, batches, answers, port }
      return startThread('shard-thread', import.meta.url, task)
    })
    this.#results = this.#workers.map((one) => resultOf<ShardResult>(one, (why) => this.#die(why)))
    // Rejections are handled where the results are awaited; a thread that dies is noticed before.
    for (const result of this.#results) result.catch(() => {})
  }

  /** Frames described so far. */
  get frames(): number {
    return this.#reader.frames
  }

  /** Null as long as the team could go on. */
  get surrender(): Surrender | null {
    return this.#surrender
  }

  /**
   * Waits for the answers to the next batch.
   * @returns null where a single machine might have answered something else: everything before is right
   */
  async answers(): Promise<Float64Array | null> {
    const batch = this.#batch
    while (!this.#ring.isAnswered(batch, this.#shards, BRIEF_MILLISECONDS)) {
      await turn()
      if (this.#death !== null) throw this.#death
    }
    const isFull = this.#tableMax > 0 && this.#ring.pressure(batch, this.#shards) >= this.#tableMax
    if (isFull) this.#surrender = 'full-table'
    else if (this.#ring.hasDoubts(batch, this.#shards)) this.#surrender = 'announced'
    return this.#surrender === null ? this.#ring.rows(batch) : null
  }

  /** Fills in the outcome of frame `index` of that batch. Must be called for all frames, in order. */
  describe(batch: PacketBatch, index: number, answers: Float64Array, outcome: Outcome): void {
    this.#reader.describe(batch, index, answers, outcome)
  }

  /** All frames of that batch were described. */
  delivered(): void {
    this.#ring.delivered(this.#batch++)
  }

  /**
   * Called after the last batch: adds the counters to the rules, and ends. If the user interrupted the replay, packets
   * that the threads have processed beyond that point are counted, too.
   */
  async finish({ ruleset4, ruleset6 }: MachineParts): Promise<Tally> {
    this.#ring.stop()
    const results = await Promise.all(this.#results)
    this.close()
    for (const { counters4, counters6 } of results) {
      count(ruleset4, counters4)
      count(ruleset6, counters6)
    }
    return sumOf(results.map(({ tally }) => tally))
  }

  /** Ends all threads, wherever they are. */
  close(): void {
    this.#isClosed = true
    this.#ring.stop()
    for (const port of this.#ports) port.close()
    for (const one of this.#workers) void one.terminate()
  }

  #die(why: string): Error | null {
    if (this.#isClosed) return null
    this.#death ??= new Error(`a thread that tracks connections has died: ${why} (--threads 2)`)
    return this.#death
  }

  #hear(shard: number): AnswerWord {
    const word = receiveMessageOnPort(this.#ports[shard])?.message as AnswerWord | undefined
    if (word === undefined) throw new Error('a thread that tracks connections has left out a word')
    return word
  }
}

function count(ruleset: CompiledRuleset | null, counters: Float64Array | null): void {
  if (ruleset === null || counters === null) return
  for (const { id } of ruleset.rules) ruleset.count(id, counters[2 * id], counters[2 * id + 1])
}
