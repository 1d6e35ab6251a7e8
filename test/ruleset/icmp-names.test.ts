import { expect, test } from 'vitest'
import { parseRuleset, printRuleset } from '../../src/ruleset/index.ts'
import { datagram, icmp, icmpv6, udpLite } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const NAMES = [
  ...['any', 'echo-reply', 'pong', 'destination-unreachable', 'network-unreachable', 'host-unreachable'],
  ...['protocol-unreachable', 'port-unreachable', 'fragmentation-needed', 'source-route-failed', 'network-unknown'],
  ...['host-unknown', 'network-prohibited', 'host-prohibited', 'TOS-network-unreachable', 'TOS-host-unreachable'],
  ...['communication-prohibited', 'host-precedence-violation', 'precedence-cutoff', 'source-quench', 'redirect'],
  ...['network-redirect', 'host-redirect', 'TOS-network-redirect', 'TOS-host-redirect', 'echo-request', 'ping'],
  ...['router-advertisement', 'router-solicitation', 'time-exceeded', 'ttl-exceeded', 'ttl-zero-during-transit'],
  ...['ttl-zero-during-reassembly', 'parameter-problem', 'ip-header-bad', 'required-option-missing'],
  ...['timestamp-request', 'timestamp-reply', 'address-mask-request', 'address-mask-reply'],
]
// The names of multicast listener messages came later than this iptables may be.
const NAMES6 = [
  ...['destination-unreachable', 'no-route', 'communication-prohibited', 'beyond-scope', 'address-unreachable'],
  ...['port-unreachable', 'failed-policy', 'reject-route', 'packet-too-big', 'time-exceeded', 'ttl-exceeded'],
  ...['ttl-zero-during-transit', 'ttl-zero-during-reassembly', 'parameter-problem', 'bad-header'],
  ...['unknown-header-type', 'unknown-option', 'echo-request', 'ping', 'echo-reply', 'pong'],
  ...['router-solicitation'],
  ...['router-advertisement', 'neighbour-solicitation', 'neighbor-solicitation', 'neighbour-advertisement'],
  ...['neighbor-advertisement', 'redirect'],
]
const NUMBERS = [
  '0',
  '8',
  '255',
  '256',
  '3/1',
  '3/255',
  '3/256',
  '255/0',
  '255/255',
  '0x8',
  '010',
  '3/',
  '/1',
  '3/1/1',
  'x',
  '',
  '8:9',
  '12/0:255',
  '3/1:2',
  '3/2:1',
  '8/0:0',
  '3/0x1:010',
  '3/ 1:2',
  '3/1: 2',
  '3/1:+2',
  '3/1:',
  '3/:2',
  '3/:',
  '3/1:256',
  '3/256:1',
  '3/1:2:3',
  '3/1-2',
  '3/1:2/4',
  '256/0:1',
  '255/0:255',
  '255/1:2',
  '255/2:1',
  '3:4/1',
  '3:4/1:2',
  '3 /1:2',
  'any/0:1',
  'ping/0:0',
  'network-unreachable/1:2',
  'no-route/0:1',
]
const shortened = (names: readonly string[]): string[] => names.flatMap((name) => [name.slice(0, 4), name.slice(0, -1)])

sameGrammar('icmp and icmp6', [
  {
    rules: [
      ...[...NAMES, ...shortened(NAMES), ...NUMBERS, 'PING', 'e', 'r'].flatMap((name) => [
        `-p icmp --icmp-type "${name}"`,
      ]),
      '-p icmp ! --icmp-type any',
      '-p icmp ! --icmp-type 3/1',
      '-p icmp -m icmp',
      '-m icmp --icmp-type 8',
      '-p 1 -m icmp --icmp-type 8',
      '! -p icmp -m icmp --icmp-type 8',
    ],
  },
  {
    family: 'ipv6',
    rules: [
      ...[...NAMES6, ...shortened(NAMES6), ...NUMBERS, 'PING', 'any'].flatMap((name) => [
        `-p icmpv6 --icmpv6-type "${name}"`,
      ]),
      '-p ipv6-icmp -m icmp6 ! --icmpv6-type 1/3',
      '-p icmpv6 -m icmp6',
      '-p icmp --icmp-type 8',
      '-m icmp6 --icmpv6-type 8',
    ],
  },
])

const types = ['any', '8', '3/1', '3', '255', '255/0', '255/255', '0']
const ranges = ['3/1:2', '3/2:1', '3/0:255', '3/1:255', '3/0:0', '255/1:2', '255/2:1']
const path = '192.0.2.1>198.51.100.2'
const path6 = '2001:db8::1>2001:db8::2'

sameDecisions('icmp and icmp6', {
  IPv4: {
    rules: [...types, ...ranges].flatMap((type) => [
      `-p icmp -m icmp --icmp-type ${type}`,
      `-p icmp -m icmp ! --icmp-type ${type}`,
    ]),
    packets: [
      ...[0, 3, 8, 254, 255].flatMap((type) => [0, 1, 2, 3, 255].map((code) => icmp(path, type, code))),
      ...[1, 4, 7].map((size) => datagram(path, 1, [8, 0, 0, 0, 0, 0, 0, 0].slice(0, size))),
    ],
  },
  IPv6: {
    family: 'ipv6',
    rules: ['1', '1/3', '128', '255', '255/255', '128/0', '1/0:3', '1/1:3', '128/0:255', '1/3:1', '255/1:2'].flatMap(
      (type) => [`-p icmpv6 -m icmp6 --icmpv6-type ${type}`, `-p icmpv6 -m icmp6 ! --icmpv6-type ${type}`],
    ),
    packets: [1, 128, 200, 255].flatMap((type) => [0, 1, 2, 3, 4, 255].map((code) => icmpv6(path6, type, code))),
  },
})

sameDecisions('multiport', {
  'UDP-Lite': {
    rules: ['5', '5,7', '1:6', '1000'].flatMap((ports) => [
      `-p udplite -m multiport --ports ${ports}`,
      `-p udplite -m multiport ! --dports ${ports}`,
    ]),
    packets: [5, 6, 7, 8].map((port) => udpLite(`192.0.2.1:1000>198.51.100.2:${port}`)),
  },
})

test.each([
  ['mld-listener-query', 130],
  ['MLD-listener-rep', 131],
  ['mld-listener-done', 132],
])('%s, which older iptables do not know, is %i', (name, type) => {
  const text = `*filter\n-A FORWARD -p icmpv6 -m icmp6 --icmpv6-type ${name}\nCOMMIT\n`
  const ruleset = parseRuleset(text, 'rules', 'ipv6')
  expect(printRuleset(ruleset)).toContain(`--icmpv6-type ${type}\n`)
  expect(ruleset.warnings.join()).toContain(`do not know "${name}"`)
})

test('a rule is not another one because iptables-save prints the same of both', () => {
  const rules = (last: string): string =>
    `*filter\n-A FORWARD -p icmp -m icmp --icmp-type 3/1:2 -j ACCEPT\n-D FORWARD -p icmp -m icmp --icmp-type ${last} -j ACCEPT\nCOMMIT\n`
  expect(printRuleset(parseRuleset(rules('3/1:2'), 'rules', 'ipv4'))).not.toContain('-A')
  expect(() => parseRuleset(rules('3/1'), 'rules', 'ipv4')).toThrow('has no such rule')
})
