import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyIndex } from '../../src/conntrack/key-index.ts'

/** Some references share a hash, many a slot. */
const hashOf = (reference: number): number => Math.imul(reference >> 1, 0x9e3779b1)

function found(index: KeyIndex, hash: number): number[] {
  const references: number[] = []
  for (let reference = index.first(hash); reference >= 0; reference = index.next(hash)) references.push(reference)
  return references
}

function grown(references: number, hash: (reference: number) => number = hashOf): KeyIndex {
  const index = new KeyIndex(hash)
  for (let reference = 0; reference < references; reference++) index.add(hash(reference), reference)
  return index
}

/** A large index that was just outgrown: most references still stand where they were. */
function growing(): { index: KeyIndex; size: number } {
  const index = new KeyIndex(hashOf)
  let size = 0
  while (size < 3000 || !index.isGrowing) index.add(hashOf(size), size++)
  return { index, size }
}

describe('the key index', () => {
  it('holds what a plain set holds, through additions, removals and growth', () => {
    const steps = fc.array(fc.record({ from: fc.nat(9000), count: fc.nat(3000), adds: fc.boolean() }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(steps, (all) => {
        const index = new KeyIndex(hashOf)
        const model = new Set<number>()
        for (const { from, count, adds } of all) {
          for (let reference = from; reference < from + count; reference++) {
            if (adds && !model.has(reference)) index.add(hashOf(reference), reference)
            else if (!adds) index.delete(hashOf(reference), reference)
            if (adds) model.add(reference)
            else model.delete(reference)
          }
        }
        for (let reference = 0; reference < 12_000; reference++) {
          expect(index.has(hashOf(reference), reference)).toBe(model.has(reference))
          expect(found(index, hashOf(reference)).includes(reference)).toBe(model.has(reference))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('finds all of one hash while half of them have moved', () => {
    const { index, size } = growing()
    for (let extra = 0; extra < 200; extra++) index.add(hashOf(size + extra), size + extra)
    expect(index.isGrowing).toBe(true)
    for (let reference = 0; reference < size + 200; reference++) {
      expect(found(index, hashOf(reference))).toContain(reference)
    }
  })

  it('no addition moves more than a few references, whatever the size', () => {
    let asked = 0
    let most = 0
    const index = new KeyIndex((reference) => {
      asked++
      return hashOf(reference)
    })
    for (let reference = 0; reference < 1_000_000; reference++) {
      asked = 0
      index.add(hashOf(reference), reference)
      most = Math.max(most, asked)
    }
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(8)
  })

  it('growth ends long before the next begins', () => {
    const { index, size } = growing()
    let additions = 0
    while (index.isGrowing) index.add(hashOf(size + additions), size + additions++)
    expect(additions).toBeLessThanOrEqual(512)
  })

  it('keeps its size where references come and go', () => {
    // Unlike those of hashOf, these slots cluster.
    const clustering = (reference: number): number =>
      Math.imul(hashOf(reference) ^ (hashOf(reference) >>> 15), 0x85ebca6b)
    const index = grown(2000, clustering)
    const before = index.bytes
    let seen = 0
    for (let turn = 2000; turn < 200_000; turn++) {
      index.delete(clustering((turn - 2000) % 8000), (turn - 2000) % 8000)
      index.add(clustering(turn % 8000), turn % 8000)
      if (index.isGrowing) seen++
    }
    expect(seen).toBeGreaterThan(0)
    for (let reference = 8000; index.isGrowing; reference++) index.add(clustering(reference), reference)
    expect(index.bytes).toBe(before)
  })

  it('makes room for a reference that is far from those before', () => {
    const { index, size } = growing()
    index.add(hashOf(5_000_000), 5_000_000)
    expect(found(index, hashOf(5_000_000))).toEqual([5_000_000])
    for (let reference = 0; reference < size; reference++) {
      expect(found(index, hashOf(reference))).toContain(reference)
    }
  })
})
