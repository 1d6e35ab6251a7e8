import { expect, test } from 'vitest'
import { RecordRing, STATE_FAILED } from '../../../src/report/threaded/record-ring.ts'

function fill(ring: RecordRing, mark: number, goesOut = false): void {
  const block = ring.blockToFill()
  ring.ints[block] = mark
  ring.publish(mark, goesOut)
}

test('blocks come in the order in which they were filled, until the end', () => {
  const replay = new RecordRing()
  const outputs = new RecordRing(replay.memory)
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 7; i++) fill(replay, 7 * round + i, i === 3)
    for (let i = 0; i < 7; i++) {
      const mark = 7 * round + i
      expect([outputs.ints[outputs.take()], outputs.length, outputs.goesOut]).toEqual([mark, mark, i === 3])
      outputs.free()
    }
  }
  fill(replay, 1000)
  replay.end()
  expect(outputs.ints[outputs.take()]).toBe(1000)
  outputs.free()
  expect(outputs.take()).toBe(-1)
})

test('there is room for a batch until most is filled, and again when far less is', () => {
  const replay = new RecordRing()
  const outputs = new RecordRing(replay.memory)
  let blocks = 0
  for (; replay.hasRoom; blocks++) fill(replay, blocks)
  expect(blocks).toBeGreaterThan(10)
  expect(replay.waitForRoom(1)).toBe(false)
  outputs.free()
  // It could go on, but would soon have to wait again.
  expect([replay.hasRoom, replay.waitForRoom(1)]).toEqual([true, false])
  let freed = 1
  for (; !replay.waitForRoom(1); freed++) outputs.free()
  expect(freed).toBeGreaterThan(10)
  expect(freed).toBeLessThan(blocks)
})

test('nobody waits for an output that cannot be written', () => {
  const replay = new RecordRing()
  new RecordRing(replay.memory).state = STATE_FAILED
  for (let i = 0; i < 100; i++) fill(replay, i)
  expect(replay.state).toBe(STATE_FAILED)
})
