import { expect, test } from 'vitest'
import { AnswerRing } from '../../../src/netfilter/shards/answer-ring.ts'
import { SLOTS } from '../../../src/pipeline/slot-ring.ts'

const SHARDS = 3

function bothSides(): { team: AnswerRing; shard: AnswerRing } {
  const team = new AnswerRing(SHARDS)
  return { team, shard: new AnswerRing(SHARDS, team.memory) }
}

test('a batch is answered when all shards are done with it', () => {
  const { team, shard } = bothSides()
  shard.rows(0)[5] = 42
  shard.done(0, 0, false, 10)
  shard.done(2, 0, false, 20)
  expect(team.isAnswered(0, SHARDS, 1)).toBe(false)
  shard.done(1, 0, false, 30)
  expect(team.isAnswered(0, SHARDS, 1)).toBe(true)
  expect(team.rows(0)[5]).toBe(42)
  expect(team.pressure(0, SHARDS)).toBe(60)
  expect(team.isAnswered(1, SHARDS, 1)).toBe(false)
})

test('doubts stand with the batch that they are about', () => {
  const { team, shard } = bothSides()
  for (let batch = 0; batch < 4; batch++) {
    for (let one = 0; one < SHARDS; one++) shard.done(one, batch, one === 1 && batch === 2, 0)
  }
  expect([0, 1, 2, 3].map((batch) => team.hasDoubts(batch, SHARDS))).toEqual([false, false, true, false])
})

test('there is room for as many batches as the other ring has slots, until some are delivered', () => {
  const { team, shard } = bothSides()
  expect(shard.waitForRoom(SLOTS - 1)).toBe(true)
  team.delivered(0)
  expect(shard.waitForRoom(SLOTS)).toBe(true)
  team.stop()
  expect(shard.waitForRoom(SLOTS + 1)).toBe(false)
})
