import { describe, expect, test } from 'vitest'
import { noteGrowth, offsetAt } from '../../../src/conntrack/nat/sequence-offsets.ts'
import { ConnectionTable } from '../../../src/conntrack/table.ts'
import { TupleKey } from '../../../src/conntrack/tuple.ts'

function connection() {
  const table = new ConnectionTable()
  const id = table.allocate(new TupleKey(1))
  return {
    grow: (seq: number, bytes: number, direction = 0) => noteGrowth(table, id, direction, seq, bytes),
    at: (seq: number, direction = 0) => offsetAt(table, id, direction, seq),
  }
}

describe('sequence offsets of a rewritten connection', () => {
  test('none before, all after the segment that grew', () => {
    const { grow, at } = connection()
    grow(1000, 4)
    expect([999, 1000, 1001, 5000].map((seq) => at(seq))).toEqual([0, 0, 4, 4])
  })

  test('add up; of two changes only the newer one is known by its place', () => {
    const { grow, at } = connection()
    grow(1000, 4)
    grow(2000, -6)
    expect([500, 1500, 2000, 2001].map((seq) => at(seq))).toEqual([4, 4, 4, -2])
  })

  test('the same segment sent again counts once', () => {
    const { grow, at } = connection()
    grow(1000, 4)
    grow(1000, 4)
    grow(900, 4)
    expect(at(2000)).toBe(4)
  })

  test('a segment as long as before changes nothing', () => {
    const { grow, at } = connection()
    grow(1000, 0)
    expect(at(2000)).toBe(0)
  })

  test('each direction has its own', () => {
    const { grow, at } = connection()
    grow(1000, 4, 1)
    expect([at(2000, 0), at(2000, 1)]).toEqual([0, 4])
  })

  test('sequence numbers wrap', () => {
    const { grow, at } = connection()
    grow(0xfffffff0 | 0, 4)
    expect([0xffffffe0, 0xfffffff0, 0x10].map((seq) => at(seq | 0))).toEqual([0, 0, 4])
  })
})
