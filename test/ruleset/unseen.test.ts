import { describe, expect, test } from 'vitest'
import { cooked } from '../netfilter/cooked.ts'
import { ether, tcp, udp } from '../support/packets.ts'
import { sameGrammar } from './extension-test.ts'
import { chainOf, matchedByUs } from './matched-rules.ts'
import { compile, decide, packetOf } from './support.ts'

sameGrammar('realm', [
  {
    rules: [
      '-m realm',
      ...['0', 'cosmos', '0/1', '5', '0x5/0xff', '5/', '4294967296', 'x', '', '1/2/3', '5/0xffffffff'].flatMap(
        (value) => [`-m realm --realm "${value}"`, `-m realm ! --realm "${value}"`],
      ),
    ],
  },
  { chain: 'INPUT', rules: ['-m realm --realm 5'] },
  { table: 'mangle', chain: 'PREROUTING', rules: ['-m realm --realm 5'] },
  { family: 'ipv6', rules: ['-m realm --realm 5'] },
])

sameGrammar('osf', [
  {
    rules: [
      '-p tcp -m osf',
      '-m osf --genre Linux',
      '-p udp -m osf --genre Linux',
      ...['Linux', 'a b', `${'x'.repeat(31)}`, 'x'.repeat(32), 'Windows:XP'].flatMap((genre) => [
        `-p tcp -m osf --genre "${genre}"`,
        `-p tcp -m osf ! --genre "${genre}"`,
      ]),
      ...['0', '1', '2', '3', 'x', ''].flatMap((value) => [
        `-p tcp -m osf --genre Linux --ttl "${value}"`,
        `-p tcp -m osf --genre Linux --log "${value}"`,
      ]),
      '-p tcp -m osf --genre Linux --ttl 2 --log 0',
      '-p tcp -m osf --log 1',
    ],
  },
  { chain: 'OUTPUT', rules: ['-p tcp -m osf --genre Linux'] },
  { family: 'ipv6', rules: ['-p tcp -m osf --genre Linux'] },
])

sameGrammar('eui64', [
  { family: 'ipv6', rules: ['-m eui64', '! -m eui64'] },
  { family: 'ipv6', chain: 'OUTPUT', rules: ['-m eui64'] },
  { rules: ['-m eui64'] },
])

describe('what a capture does not show', () => {
  test('the realm of a route', () => {
    expect(
      matchedByUs('ipv4', chainOf('filter', 'FORWARD', ['-m realm --realm 5']), [udp('192.0.2.1:1>198.51.100.2:2')]),
    ).toEqual([['filter:FORWARD:1?']])
  })

  test('fingerprints that were loaded: only a packet with SYN has one', () => {
    const path = '192.0.2.1:1>198.51.100.2:2'
    const rules = chainOf('filter', 'FORWARD', ['-p tcp -m osf --genre Linux'])
    expect(matchedByUs('ipv4', rules, [tcp(path, 'S'), tcp(path, 'A')])).toEqual([['filter:FORWARD:1?'], []])
  })
})

describe('eui64', () => {
  const rules = compile('*filter\n-A FORWARD -m eui64 -j DROP\n-A FORWARD -j ACCEPT\nCOMMIT\n', 'ipv6')
  const frame = (address: string): string =>
    decide(
      rules,
      packetOf(ether(udp(`[${address}]:1>[2001:db8::2]:2`), { source: '02:11:22:33:44:55' }), { linkType: 1 }),
    )

  test('compares the Ethernet address with the lower half of the source address', () => {
    expect(frame('2001:db8::11:22ff:fe33:4455')).toContain('DROP')
    expect(frame('2001:db8::211:22ff:fe33:4455')).toContain('ACCEPT')
    expect(frame('2001:db8::11:22ff:fe33:4456')).toContain('ACCEPT')
  })

  test('a cooked capture has the Ethernet address, too', () => {
    const { bytes, linkType } = cooked(0, udp('[2001:db8::ff:fe00:1]:1>[2001:db8::2]:2'))
    expect(decide(rules, packetOf(bytes, { linkType }))).toContain('DROP')
  })
})
