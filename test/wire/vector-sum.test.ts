import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import initialise from 'wabt'
import { foldedSum } from '../../src/wire/checksum.ts'
import { MODULE, memoryForVectors, useVectors, vectorSumOf } from '../../src/wire/vector-sum.ts'

const TEXT = new URL('../../src/wire/vector-sum.wat', import.meta.url)
const LENGTH_MAX = 262_144

describe('sums by vector instructions', () => {
  const memory = memoryForVectors(LENGTH_MAX + 100)
  useVectors(memory)
  const vectors = new Uint8Array(memory.buffer)

  test('are those of its text', async () => {
    const { parseWat } = await initialise()
    const { buffer } = parseWat('vector-sum.wat', readFileSync(TEXT, 'utf8'), { simd: true, threads: true }).toBinary(
      {},
    )
    expect(Buffer.from(MODULE, 'base64')).toEqual(Buffer.from(buffer))
  })

  test('are to be had here', () => {
    expect(vectorSumOf(memory.buffer)).toBeTypeOf('function')
  })

  test('are what plain code sums, at any place and of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(40), fc.nat(7), (data, at, from) => {
        const bytes = vectors.subarray(from, from + 400).fill(0xa5)
        bytes.set(data, at)
        expect(foldedSum(bytes, at, data.length)).toBe(foldedSum(bytes.slice(), at, data.length))
      }),
    )
  })

  test('do not overflow, however long the datagram', () => {
    vectors.fill(0xff)
    for (let length = LENGTH_MAX; length > LENGTH_MAX - 40; length -= 2) {
      expect(foldedSum(vectors, 3, length)).toBe(0xffff)
    }
  })
})

describe('without WebAssembly', () => {
  afterEach(() => void vi.unstubAllGlobals())

  test('memory is like any other, and summed by plain code', () => {
    vi.stubGlobal('WebAssembly', undefined)
    const memory = memoryForVectors(100)
    useVectors(memory)
    expect(memory.buffer.byteLength).toBe(100)
    expect(vectorSumOf(memory.buffer)).toBeUndefined()
    expect(foldedSum(new Uint8Array(memory.buffer).fill(1), 0, 3)).toBe(0x0201)
  })
})
