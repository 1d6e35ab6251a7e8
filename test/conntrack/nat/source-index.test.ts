import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SourceIndex } from '../../../src/conntrack/nat/source-index.ts'

function entriesOf(index: SourceIndex, hash: number): number[] {
  const entries: number[] = []
  for (let entry = index.first(hash); entry >= 0; entry = index.after(entry)) entries.push(entry)
  return entries
}

test('the newest comes first', () => {
  const index = new SourceIndex()
  for (const entry of [5, 2000, 7]) index.add(entry, 42)
  expect(entriesOf(index, 42)).toEqual([7, 2000, 5])
  expect(entriesOf(index, 43)).toEqual([])
})

test('an entry is in one list only: that of its last source', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(6))), (additions) => {
      const index = new SourceIndex()
      for (const [entry, hash] of additions) index.add(entry, hash)
      const last = new Map<number, number>()
      for (const [entry, hash] of additions) {
        last.delete(entry)
        last.set(entry, hash)
      }
      for (let hash = 0; hash <= 6; hash++) {
        const expected = [...last].filter(([, own]) => own === hash).map(([entry]) => entry)
        expect(entriesOf(index, hash)).toEqual(expected.reverse())
      }
    }),
  )
})
