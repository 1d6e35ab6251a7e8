import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  parseAddressMask,
  parseIpv4,
  parseIpv6,
  prefixLength,
  prefixMask,
  printAddressMask,
  printIpv6,
} from '../../src/ruleset/text/addresses.ts'

const token = (text: string) => ({ text, line: 1, column: 1 })

describe('IPv6 addresses are printed as RFC 5952 asks', () => {
  test.each([
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1::', '1::'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s', (text, expected) => {
    expect(printIpv6(parseIpv6(text) ?? [])).toBe(expected)
  })

  test.each(['', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', 'g::', '::1.2.3', '1.2.3.4'])(
    '"%s" is none',
    (text) => {
      expect(parseIpv6(text)).toBeNull()
    },
  )
})

test('IPv4 addresses have four octets, networks may leave the last ones away', () => {
  expect(parseIpv4('10.0.0.1')).toEqual([0x0a000001])
  expect(parseIpv4('255.255.255.255')).toEqual([0xffffffff])
  expect(parseIpv4('10.1')).toBeNull()
  expect(parseIpv4('10.1', true)).toEqual([0x0a010000])
  for (const text of ['', '1.2.3.4.5', '1.2.3.256', '1..2.3', 'a.b.c.d', '1.2.3.-4']) expect(parseIpv4(text)).toBeNull()
})

test('printing and reading an address and its mask gives the same again', () => {
  const word = fc.nat(0xffffffff)
  fc.assert(
    fc.property(fc.boolean(), fc.tuple(word, word, word, word), fc.nat(128), fc.boolean(), (six, words, bits, odd) => {
      const family = six ? 'ipv6' : 'ipv4'
      const count = six ? 4 : 1
      const mask = odd ? words.toReversed().slice(0, count) : prefixMask(Math.min(bits, 32 * count), family)
      const range = { mask, address: words.slice(0, count).map((one, index) => (one & mask[index]) >>> 0) }
      expect(parseAddressMask(token(printAddressMask(range)), family)).toEqual(range)
      if (!odd) expect(prefixLength(mask)).toBe(Math.min(bits, 32 * count))
    }),
  )
})
