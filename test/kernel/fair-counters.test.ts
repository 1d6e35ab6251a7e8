import { describe, expect, it } from 'vitest'
import { NO_ANSWER } from './answer.ts'
import { compare } from './compare.ts'
import { type CountedPair, unfairness } from './fair-counters.ts'

const FILTER = '*filter\n-A FORWARD -j ACCEPT\nCOMMIT\n'
const PAIR: CountedPair = {
  rules: FILTER,
  mode: 'router',
  checksum: 'verify',
  sentBroadcast: false,
  sentToItself: false,
  sentItselfFragments: false,
  drawn: 0,
}
const ACCEPTED = { ...NO_ANSWER, fate: 'labelled', label: 'NEW', direction: 'original', verdict: 'ACCEPT' } as const
const EQUAL = compare([ACCEPTED], [ACCEPTED])

describe('unfairness', () => {
  it('is none where all frames are equal', () => {
    expect(unfairness(PAIR, EQUAL)).toBe(null)
  })

  it('is that of frames that differ or were left out', () => {
    expect(unfairness(PAIR, compare([ACCEPTED], [{ ...ACCEPTED, verdict: 'DROP' }]))).toBe('frames differ')
    expect(unfairness(PAIR, compare([NO_ANSWER], [ACCEPTED]))).toBe('the oracle could not inject it')
  })

  it.each([
    ['no rules', { rules: '' }],
    ['a broadcast of the machine itself, of which the kernel hands it a copy', { sentBroadcast: true }],
    [
      'a helper may have rewritten what the machine sent itself',
      { sentToItself: true, helper: 'auto', rules: `*nat\nCOMMIT\n${FILTER}` },
    ],
    ['an IPv6 datagram that the machine sent itself in fragments', { sentItselfFragments: true }],
    ['NAT drew ports, and rules may ask for them', { drawn: 1 }],
    [
      'CONNMARK after CT in the raw table marks what no packet has for itself',
      { rules: `${FILTER}*raw\n-A OUTPUT -j CT --zone 1\n-A OUTPUT -j CONNMARK --set-mark 1\nCOMMIT\n` },
    ],
    [
      'rules ask for bytes that --clamp-mss-to-pmtu has changed by an MTU that is not known',
      { rules: '*mangle\n-A FORWARD -j TCPMSS --clamp-mss-to-pmtu\n-A FORWARD -m string --string x\nCOMMIT\n' },
    ],
    [
      'rules ask for raw bytes, and the oracle has repaired checksums',
      { checksum: 'ignore', rules: '*filter\n-A FORWARD -m u32 --u32 0=0\nCOMMIT\n' },
    ],
  ] as const)('%s', (why, change) => {
    expect(unfairness({ ...PAIR, ...change }, EQUAL)).toBe(why)
  })

  it('is none where rules ask for bytes that the oracle leaves alone', () => {
    const rules = '*filter\n-A FORWARD -m u32 --u32 0=0\nCOMMIT\n'
    expect(unfairness({ ...PAIR, rules }, EQUAL)).toBe(null)
    expect(unfairness({ ...PAIR, rules, mode: 'host' }, EQUAL)).toMatch(/repaired checksums/)
  })

  it('is none where the same words stand in tables apart', () => {
    const rules = '*raw\n-A OUTPUT -j CT --zone 1\nCOMMIT\n*mangle\n-A OUTPUT -j CONNMARK --set-mark 1\nCOMMIT\n'
    expect(unfairness({ ...PAIR, rules }, EQUAL)).toBe(null)
  })
})
