import { describe, expect, test } from 'vitest'
import { chooseAddress } from '../../../src/conntrack/nat/choose-address.ts'
import { ANY_RANGE, MANIP_DESTINATION, MANIP_SOURCE } from '../../../src/conntrack/nat/range.ts'
import { addressText, parseAddress } from '../../../src/wire/address.ts'

interface Choices {
  /** SNAT where absent. */
  isDnat?: true
  range: string
  persistent: boolean
  /** SOURCE>DESTINATION of the connection, and the address out of the range that Linux 6.18 gave it. */
  chosen: readonly (readonly [string, string])[]
}

const CHOICES_OF_LINUX: readonly Choices[] = [
  {
    range: '198.51.100.1-198.51.100.77',
    persistent: false,
    chosen: [
      ['10.0.0.1>10.9.9.9', '198.51.100.51'],
      ['10.0.0.1>10.9.9.10', '198.51.100.38'],
      ['10.0.0.2>10.9.9.9', '198.51.100.10'],
      ['192.168.7.200>8.8.8.8', '198.51.100.2'],
      ['172.16.254.3>203.0.113.77', '198.51.100.74'],
      ['10.255.255.255>1.0.0.1', '198.51.100.3'],
    ],
  },
  {
    range: '198.51.100.1-198.51.100.77',
    persistent: true,
    chosen: [
      ['10.0.0.1>10.9.9.9', '198.51.100.21'],
      ['10.0.0.1>10.9.9.10', '198.51.100.21'],
      ['10.0.0.2>10.9.9.9', '198.51.100.76'],
      ['192.168.7.200>8.8.8.8', '198.51.100.48'],
      ['172.16.254.3>203.0.113.77', '198.51.100.31'],
      ['10.255.255.255>1.0.0.1', '198.51.100.6'],
    ],
  },
  {
    range: '198.51.100.1-198.52.3.4',
    persistent: false,
    chosen: [
      ['10.0.0.1>10.9.9.9', '198.51.204.42'],
      ['10.0.0.1>10.9.9.10', '198.51.177.111'],
      ['10.0.0.2>10.9.9.9', '198.51.119.127'],
      ['192.168.7.200>8.8.8.8', '198.51.103.41'],
      ['172.16.254.3>203.0.113.77', '198.51.252.112'],
      ['10.255.255.255>1.0.0.1', '198.51.105.120'],
    ],
  },
  {
    range: '10.99.0.0-10.99.0.200',
    persistent: false,
    chosen: [
      ['10.0.0.1>10.9.9.9', '10.99.0.131'],
      ['10.0.0.1>10.9.9.10', '10.99.0.97'],
      ['10.0.0.2>10.9.9.9', '10.99.0.24'],
      ['192.168.7.200>8.8.8.8', '10.99.0.3'],
      ['172.16.254.3>203.0.113.77', '10.99.0.192'],
      ['10.255.255.255>1.0.0.1', '10.99.0.6'],
    ],
  },
  {
    range: '2001:db8:a::1-2001:db8:a::ff',
    persistent: false,
    chosen: [
      ['2001:db8::1>2001:db8:9::9', '2001:db8:a::d8'],
      ['2001:db8::1>2001:db8:9::a', '2001:db8:a::fd'],
      ['2001:db8:77::abcd:2>2001:4860:4860::8888', '2001:db8:a::1f'],
      ['fd00:1:2:3:4:5:6:7>2001:db8:9::9', '2001:db8:a::2b'],
    ],
  },
  {
    range: '2001:db8:a::-2001:db8:b:ffff:ffff:ffff:ffff:ffff',
    persistent: false,
    chosen: [
      ['2001:db8::1>2001:db8:9::9', '2001:db8:b:b029:d814:c88d:d814:c88d'],
      ['2001:db8::1>2001:db8:9::a', '2001:db8:b:fa5e:fd2f:ed3:fd2f:ed3'],
      ['2001:db8:77::abcd:2>2001:4860:4860::8888', '2001:db8:a:3dad:1ed6:f9f4:1ed6:f9f4'],
      ['fd00:1:2:3:4:5:6:7>2001:db8:9::9', '2001:db8:a:55c3:2ae1:f55a:2ae1:f55a'],
    ],
  },
  {
    isDnat: true,
    range: 'fd00:1:2::-fd00:1:5:ffff::',
    persistent: false,
    chosen: [
      ['2001:db8::1>2001:db8:9::9', 'fd00:1:3:8467:69d:c352:545e:5e54'],
      ['2001:db8::2>2001:db8:9::9', 'fd00:1:3:2969:2373:67a9:8a14:1488'],
      ['2001:db8:77::abcd:1>2001:4860:4860::8888', 'fd00:1:3:87dd:bc70:72ad:1102:211'],
    ],
  },
  {
    isDnat: true,
    range: 'fd00::2-fd00::5',
    persistent: false,
    chosen: [
      ['2001:db8::1>2001:db8:9::9', 'fd00::3'],
      ['2001:db8::2>2001:db8:9::9', 'fd00::3'],
      ['2001:db8:77::abcd:1>2001:4860:4860::8888', 'fd00::3'],
    ],
  },
  {
    range: '2001:db8:a:1::5-2001:db8:a:7::9',
    persistent: true,
    chosen: [
      ['2001:db8::1>2001:db8:9::9', '2001:db8:a:1:e5b:ada:e5b:ada'],
      ['2001:db8::1>2001:db8:9::a', '2001:db8:a:1:e5b:ada:e5b:ada'],
      ['2001:db8:77::abcd:2>2001:4860:4860::8888', '2001:db8:a:3:5d22:98ef:5d22:98ef'],
      ['fd00:1:2:3:4:5:6:7>2001:db8:9::9', '2001:db8:a:4:8f60:90fd:8f60:90fd'],
    ],
  },
]

const words = (text: string): number[] => [...parseAddress(text).words].map((word) => word | 0)

function choose(range: string, persistent: boolean, path: string, manip = MANIP_SOURCE): string {
  const [minAddress, maxAddress] = range.split('-').map(words)
  const [source, destination] = path.split('>').map(words)
  const chosen = chooseAddress({ ...ANY_RANGE, minAddress, maxAddress, persistent }, manip, source, destination, 0)
  return chosen === null ? '' : addressText(Int32Array.from(chosen), 0, parseAddress(path.split('>')[0]).family)
}

describe.each(
  CHOICES_OF_LINUX.map(
    (one) => [`${one.isDnat ? 'DNAT ' : ''}${one.range}${one.persistent ? ' --persistent' : ''}`, one] as const,
  ),
)('%s', (_, { isDnat, range, persistent, chosen }) => {
  test.each(chosen)('%s gets %s', (path, address) => {
    expect(choose(range, persistent, path, isDnat ? MANIP_DESTINATION : MANIP_SOURCE)).toBe(address)
  })
})

test('a range of one address is that address', () => {
  expect(choose('198.51.100.7-198.51.100.7', false, '10.0.0.1>10.9.9.9')).toBe('198.51.100.7')
})

test('no range leaves the address alone', () => {
  expect(chooseAddress(ANY_RANGE, MANIP_SOURCE, words('10.0.0.1'), words('10.9.9.9'), 0)).toBeNull()
})
