import { describe, expect, it } from 'vitest'
import { count, counted } from '../../src/netfilter/count-text.ts'

describe('numbers in sentences', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1234567, '1,234,567'],
  ])('%i is %s', (n, text) => expect(count(n)).toBe(text))

  it('knows one from many', () =>
    expect([counted(1, 'packet'), counted(0, 'packet')]).toEqual(['1 packet', '0 packets']))
})
