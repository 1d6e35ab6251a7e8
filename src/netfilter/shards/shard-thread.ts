import { parentPort, workerData } from 'node:worker_threads'
import type { PacketBatch } from '../../pipeline/packet-batch.ts'
import { SlotRing } from '../../pipeline/slot-ring.ts'
import { parseRuleset } from '../../ruleset/index.ts'
import type { Family } from '../../ruleset/packet/rule-environment.ts'
import type { CompiledRuleset } from '../../ruleset/ruleset.ts'
import { machineFor } from '../machine-for.ts'
import { tallyOf } from '../tally.ts'
import { AnswerRing } from './answer-ring.ts'
import { ownDatagrams, Shard } from './shard.ts'
import { batchOf, type RulesetText, type ShardResult, type ShardTask } from './shard-task.ts'

/** Longest wait before it checks whether the answers are still wanted. */
const WAIT_MILLISECONDS = 100

/** The entry of a shard's thread: answers batch after batch, and returns its sums at the end. */
function answerAll({ shard, shards, settings, place, beginning, batches, answers, port }: ShardTask): ShardResult {
  const parsed = (rules: RulesetText | undefined, family: Family) =>
    rules === undefined ? undefined : parseRuleset(rules.text, rules.file, family, rules.labels)
  const rules = { rules: parsed(settings.rules, 'ipv4'), rules6: parsed(settings.rules6, 'ipv6') }
  const parts = machineFor({ ...settings, ...rules }, place, ownDatagrams(shard, shards))
  const one = new Shard({ shard, shards, ...parts, tell: (word) => port.postMessage(word) })
  const ring = new AnswerRing(shards, answers)
  let number = 0
  const answer = (batch: PacketBatch): boolean => {
    if (!ring.waitForRoom(number)) return false
    one.take(batch, ring.rows(number))
    ring.done(shard, number++, one.concernsOthers, one.takePressure())
    return true
  }
  const slots = new SlotRing(batches.ring)
  let isWanted = beginning.every((copy) => answer(batchOf(copy)))
  for (let slot = batches.nextSlot; isWanted; ) {
    const batch = slots.slotAt(slot, WAIT_MILLISECONDS)
    if (batch === null || ring.isStopped) break
    if (batch === undefined) continue
    isWanted = answer(batch)
    slot++
  }
  parts.machine.settle()
  const { ruleset4, ruleset6 } = parts
  return { counters4: countersOf(ruleset4), counters6: countersOf(ruleset6), tally: tallyOf(parts) }
}

function countersOf(ruleset: CompiledRuleset | null): Float64Array | null {
  if (ruleset === null) return null
  return Float64Array.from(ruleset.rules.flatMap(({ id }) => [ruleset.packets(id), ruleset.bytes(id)]))
}

parentPort?.postMessage(answerAll(workerData as ShardTask))
