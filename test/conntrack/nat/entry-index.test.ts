import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EntryIndex } from '../../../src/conntrack/nat/entry-index.ts'

function entriesOf(index: EntryIndex, hash: number): number[] {
  const entries: number[] = []
  for (let entry = index.first(hash); entry >= 0; entry = index.after(entry)) entries.push(entry)
  return entries
}

test('the newest comes first', () => {
  const index = new EntryIndex()
  for (const entry of [5, 2000, 7]) index.add(entry, 42)
  expect(entriesOf(index, 42)).toEqual([7, 2000, 5])
  expect(entriesOf(index, 43)).toEqual([])
})

test('an entry is in one list only: that of its last source, until it is taken out', () => {
  const anyStep = fc.record({ entry: fc.nat(40), hash: fc.nat(6), isAdded: fc.boolean() })
  fc.assert(
    fc.property(fc.array(anyStep), (steps) => {
      const index = new EntryIndex()
      const last = new Map<number, number>()
      for (const { entry, hash, isAdded } of steps) {
        last.delete(entry)
        if (isAdded) {
          index.add(entry, hash)
          last.set(entry, hash)
        } else index.remove(entry)
      }
      expect(index.size).toBe(last.size)
      for (let hash = 0; hash <= 6; hash++) {
        const expected = [...last].filter(([, own]) => own === hash).map(([entry]) => entry)
        expect(entriesOf(index, hash)).toEqual(expected.reverse())
      }
    }),
  )
})
