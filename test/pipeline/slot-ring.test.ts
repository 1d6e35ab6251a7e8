import { expect, test } from 'vitest'
import { SLOTS, SlotRing } from '../../src/pipeline/slot-ring.ts'

/** The two sides of one ring, as two threads have them. */
function bothSides(): { reader: SlotRing; replay: SlotRing } {
  const replay = new SlotRing()
  return { reader: new SlotRing(replay.memory), replay }
}

function fill(ring: SlotRing, mark: number): void {
  const batch = ring.slotToFill()
  batch.count = mark
  batch.bytes[0] = mark
  batch.seconds[0] = mark
  batch.info[0] = mark
  batch.rows[0] = mark
  ring.publish(10 * mark, 100 * mark)
}

test('slots come in the order in which they were filled, over and over', () => {
  const { reader, replay } = bothSides()
  expect(replay.take()).toBeNull()
  let taken = 0
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 5; i++) fill(reader, 5 * round + i)
    for (let batch = replay.take(); batch !== null; batch = replay.take()) {
      expect([batch.count, batch.bytes[0], batch.seconds[0], batch.info[0], batch.rows[0]]).toEqual(
        Array(5).fill(taken),
      )
      expect([replay.problems, replay.bytesRead]).toEqual([10 * taken, 100 * taken])
      replay.free()
      taken++
    }
  }
  expect(taken).toBe(100)
})

test('a slot stays as it is until it is freed', () => {
  const { reader, replay } = bothSides()
  for (let i = 1; i <= SLOTS; i++) fill(reader, i)
  const first = replay.take()
  expect(first).toBe(replay.take())
  replay.free()
  fill(reader, SLOTS + 1)
  expect(replay.take()?.bytes[0]).toBe(2)
  expect(first?.bytes[0]).toBe(SLOTS + 1)
})

test('a word is asked for once, and the end leaves what was filled', () => {
  const { reader, replay } = bothSides()
  expect(reader.takeCallForWord()).toBe(false)
  replay.callForWord()
  expect([reader.takeCallForWord(), reader.takeCallForWord()]).toEqual([true, false])
  fill(reader, 3)
  reader.end()
  expect(replay.hasEnded).toBe(true)
  expect(replay.take()?.count).toBe(3)
})

test('others read along, by number, until the end', () => {
  const { reader, replay } = bothSides()
  const along = new SlotRing(replay.memory)
  expect(along.slotAt(0, 1)).toBeUndefined()
  for (let i = 0; i < 3; i++) fill(reader, i + 1)
  expect([0, 1, 2].map((slot) => along.slotAt(slot, 1)?.count)).toEqual([1, 2, 3])
  expect(along.slotAt(3, 1)).toBeUndefined()
  replay.take()
  replay.free()
  for (let i = 3; i < 9; i++) fill(reader, i + 1)
  reader.end()
  expect(along.slotAt(8, 1)?.count).toBe(9)
  expect(along.slotAt(9, 1)).toBeNull()
})

test('counters that run over do not confuse it', () => {
  const { reader, replay } = bothSides()
  const control = new Int32Array(replay.memory.control)
  // Where FILLED and FREED stand.
  control[0] = 0x7ffffffe
  control[16] = 0x7ffffffe
  for (let mark = 1; mark < 12; mark++) {
    fill(reader, mark)
    expect(replay.take()?.bytes[0]).toBe(mark)
    replay.free()
  }
})
