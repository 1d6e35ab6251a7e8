import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressText, parseAddress, parsePrefix, prefixContains } from '../../src/wire/address.ts'
import { IP_NONE, IP_V4, IP_V6 } from '../../src/wire/packet-fields.ts'
import { protocolName } from '../../src/wire/protocols.ts'

const canonical = (text: string) => {
  const { family, words } = parseAddress(text)
  return addressText(words, 0, family)
}

describe('address text', () => {
  test.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1::', '1::'],
    ['fe80::', 'fe80::'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is written %s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
  })

  test('any IPv6 address survives being written and read', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.constant(0)), { minLength: 4, maxLength: 4 }), (words) => {
        const text = addressText(Int32Array.from(words), 0, IP_V6)
        expect(isIPv6(text)).toBe(true)
        expect(parseAddress(text)).toEqual({ family: IP_V6, words })
      }),
    )
  })

  test('any IPv4 address survives being written and read', () => {
    fc.assert(
      fc.property(fc.integer(), (word) => {
        expect(parseAddress(addressText([word], 0, IP_V4))).toEqual({ family: IP_V4, words: [word] })
      }),
    )
  })

  test('no address, no text', () => {
    expect(addressText([1], 0, IP_NONE)).toBe('')
  })

  test.each(['', '10.0.0', '10.0.0.256', '1::2::3', 'fe80::1%eth0', 'localhost', '010.1.1.1'])(
    "'%s' is not an address",
    (text) => {
      expect(() => parseAddress(text)).toThrow(`'${text}' is not an IP address: give one like`)
    },
  )
})

describe('prefixes', () => {
  test.each([
    ['10.1.2.3/8', '10.0.0.0', 8],
    ['10.1.2.3', '10.1.2.3', 32],
    ['10.1.2.3/0', '0.0.0.0', 0],
    ['10.1.2.3/255.255.0.0', '10.1.0.0', 16],
    ['10.1.2.3/0.0.0.0', '0.0.0.0', 0],
    ['10.1.2.3/255.255.255.255', '10.1.2.3', 32],
    ['2001:db8:ffff::1/33', '2001:db8:8000::', 33],
    ['2001:db8::1/128', '2001:db8::1', 128],
    ['2001:db8::1/0', '::', 0],
  ])('%s', (text, address, length) => {
    const prefix = parsePrefix(text)
    expect([addressText(prefix.words, 0, prefix.family), prefix.length]).toEqual([address, length])
  })

  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/255.0.255.0', '2001:db8::/129', '::/ffff::'])(
    "'%s' is not a network",
    (text) => {
      expect(() => parsePrefix(text)).toThrow(`'${text}' is not a network`)
    },
  )

  test('an address lies in a prefix or not', () => {
    const inside = (prefix: string, address: string) =>
      prefixContains(parsePrefix(prefix), parseAddress(address).words, 0)
    expect(inside('10.0.0.0/8', '10.255.0.1')).toBe(true)
    expect(inside('10.0.0.0/8', '11.0.0.1')).toBe(false)
    expect(inside('0.0.0.0/0', '255.0.0.1')).toBe(true)
    expect(inside('2001:db8:8000::/33', '2001:db8:ffff::1')).toBe(true)
    expect(inside('2001:db8:8000::/33', '2001:db8:7fff::1')).toBe(false)
  })
})

test('protocols have their usual names', () => {
  expect([6, 17, 58, 200, -1].map(protocolName)).toEqual(['tcp', 'udp', 'icmpv6', '200', 'unknown'])
})
