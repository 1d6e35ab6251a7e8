import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RowMemory } from '../../src/ruleset/evaluate/row-memory.ts'

const INTS = 3

function find(memory: RowMemory, row: readonly number[]): number {
  memory.asked.set(row)
  return memory.find()
}

describe('RowMemory', () => {
  it('keeps as many rows as there are places for, wherever they fall', () => {
    const memory = new RowMemory(INTS, 2)
    const rows = [1, 2, 3, 4].map((number) => [number, 0, 7 * number])
    const places = rows.map((row) => {
      expect(find(memory, row)).toBe(-1)
      return memory.keep()
    })
    expect(new Set(places).size).toBe(4)
    expect(rows.map((row) => find(memory, row))).toEqual(places)
  })

  it('takes the places of earlier rows in turn', () => {
    const memory = new RowMemory(INTS, 2)
    for (let number = 1; number <= 40; number++) {
      find(memory, [number, 1, 1])
      memory.keep()
    }
    const known = Array.from({ length: 40 }, (_, at) => find(memory, [at + 1, 1, 1])).filter((place) => place >= 0)
    expect(known.toSorted()).toEqual([0, 1, 2, 3])
  })

  it('never takes one row for another', () => {
    const row = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ max: 3 }), fc.constantFrom(-1, 0, 1 << 31))
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        const memory = new RowMemory(INTS, 4)
        const said: string[] = []
        for (const one of rows) {
          const place = find(memory, one)
          if (place >= 0) expect(said[place]).toBe(String(one))
          else said[memory.keep()] = String(one)
        }
      }),
    )
  })
})
