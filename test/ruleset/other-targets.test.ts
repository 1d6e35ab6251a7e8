import { describe, expect, test } from 'vitest'
import { udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'
import { compile, decide, filter, packetOf } from './support.ts'

const classify = [
  '-j CLASSIFY',
  ...['1:5', '0001:0005', 'ffff:ffff', '0x1:0x5', '10000:1', '1:', ':1', '1', 'x:1', '1:x', '', '1:2:3'].map(
    (value) => `-j CLASSIFY --set-class "${value}"`,
  ),
  '-j CLASSIFY ! --set-class 1:5',
]
const queues = [
  '-j NFQUEUE',
  ...['0', '5', '65535', '65536', 'x', ''].map((value) => `-j NFQUEUE --queue-num "${value}"`),
  ...['1:5', '0:65535', '5:5', '5:1', '5', ':5', '5:', '1:65536', '', '1:2:3'].map(
    (value) => `-j NFQUEUE --queue-balance "${value}"`,
  ),
  '-j NFQUEUE --queue-num 1 --queue-balance 1:2',
  '-j NFQUEUE --queue-bypass',
  '-j NFQUEUE --queue-num 4 --queue-bypass',
  '-j NFQUEUE --queue-cpu-fanout',
  '-j NFQUEUE --queue-num 1 --queue-cpu-fanout',
  '-j NFQUEUE --queue-cpu-fanout --queue-balance 1:5 --queue-bypass',
  '-j QUEUE',
]
const tee = [
  '-j TEE',
  '-j TEE --gateway 10.0.0.1',
  '-j TEE --gateway 0.0.0.0',
  '-j TEE --gateway 2001:db8::1',
  '-j TEE --gateway ::',
  '-j TEE --oif eth0',
  '-j TEE --gateway 10.0.0.1 --oif abcdefghijklmno',
  '-j TEE --gateway 10.0.0.1 --oif abcdefghijklmnop',
  '-j TEE --oif lo --gateway 2001:db8::1',
  '-j TEE --gateway 10.0.0.1/8',
  '-j TEE --gateway x',
]
const tproxy = [
  '-j TPROXY --on-port 5',
  '-p tcp -j TPROXY',
  '-p tcp -j TPROXY --on-port 5',
  '-p udp -j TPROXY --on-port 65535',
  '-p sctp -j TPROXY --on-port 5',
  '! -p tcp -j TPROXY --on-port 5',
  '-p tcp -j TPROXY --on-port 0',
  '-p tcp -j TPROXY --on-port 65536',
  '-p tcp -j TPROXY --on-port http',
  '-p tcp -j TPROXY --on-ip 127.0.0.1',
  '-p tcp -j TPROXY --on-ip 127.0.0.1 --on-port 5 --tproxy-mark 1',
  '-p tcp -j TPROXY --on-port 5 --tproxy-mark 0x5/0xf',
  '-p tcp -j TPROXY --on-port 5 --tproxy-mark x',
  '-p tcp -j TPROXY --on-ip 2001:db8::1 --on-port 5',
  '-p tcp -j TPROXY --on-port 5 --tproxy-mark 1/2/3',
]
const audit = [
  '-j AUDIT',
  ...['accept', 'ACCEPT', 'Drop', 'reject', 'x', ''].map((value) => `-j AUDIT --type "${value}"`),
]
const idle = [
  '-j IDLETIMER',
  '-j IDLETIMER --timeout 5',
  '-j IDLETIMER --label x',
  ...['0', '1', '2147483', '2147484', '4294967295', 'x', ''].map(
    (value) => `-j IDLETIMER --timeout "${value}" --label x`,
  ),
  `-j IDLETIMER --timeout 5 --label ${'y'.repeat(27)}`,
  `-j IDLETIMER --timeout 5 --label ${'y'.repeat(28)}`,
  '-j IDLETIMER --timeout 5 --label "a b"',
  '-j IDLETIMER --timeout 5 --label a --alarm',
  '-j IDLETIMER --timeout 5 --label ""',
]
const rate = [
  '-j RATEEST',
  '-j RATEEST --rateest-name x',
  ...['250ms', '0.5s', '1s', '1', '300ms', '8s', '9s', '1min', 'x', '500000us', '2sec', '100ms'].map(
    (value) => `-j RATEEST --rateest-name n${value.replace('.', '')} --rateest-interval ${value} --rateest-ewmalog 20s`,
  ),
  ...['100ms', '250ms', '251ms', '400ms', '500ms', '600ms', '1s', '2.5s', '60s', '100000s'].map(
    (value) =>
      `-j RATEEST --rateest-name m${value.replace('.', '')} --rateest-interval 250ms --rateest-ewmalog ${value}`,
  ),
  `-j RATEEST --rateest-name ${'z'.repeat(15)} --rateest-interval 250ms --rateest-ewmalog 500ms`,
  `-j RATEEST --rateest-name ${'z'.repeat(16)} --rateest-interval 250ms --rateest-ewmalog 500ms`,
]
const security = [
  '-j CONNSECMARK',
  '-j CONNSECMARK --save',
  '-j CONNSECMARK --restore',
  '-j CONNSECMARK --save --restore',
  '-j SECMARK',
]
const gone = [
  '-j CLUSTERIP --new --hashmode sourceip --clustermac 01:00:5e:01:01:01 --total-nodes 2 --local-node 1',
  '-j ULOG --ulog-nlgroup 2',
]
const npt = ['DNPT', 'SNPT'].flatMap((name) => [
  `-j ${name}`,
  `-j ${name} --src-pfx 2001:db8::/64`,
  ...[
    '2001:db8::/48',
    '2001:db8::/64',
    '2001:db8::/65',
    '2001:db8::1/64',
    '2001:db8::',
    '2001:db8::/x',
    '::/0',
    'fd00::/0',
    '10.0.0.0/8',
  ].map((prefix) => `-j ${name} --src-pfx ${prefix} --dst-pfx fd00:1::/48`),
  `-j ${name} --dst-pfx fd00::/64 --src-pfx 2001:db8::/32`,
])

sameGrammar('CLASSIFY, NFQUEUE, TEE, TPROXY, AUDIT, IDLETIMER, RATEEST, CONNSECMARK, SECMARK, CLUSTERIP, ULOG', [
  { rules: [...queues, ...audit, ...idle, ...rate, ...security, ...gone, '-j DNPT', '-p tcp -j TPROXY --on-port 5'] },
  { table: 'mangle', rules: [...classify, ...tee, ...security, '-p tcp -j TPROXY --on-port 5'] },
  { table: 'mangle', chain: 'PREROUTING', rules: [...tproxy, '-j CLASSIFY --set-class 1:5'] },
  { table: 'security', rules: security },
  { family: 'ipv6', rules: [...queues, ...audit] },
  { family: 'ipv6', table: 'mangle', rules: [...classify, ...tee] },
  { family: 'ipv6', table: 'mangle', chain: 'PREROUTING', rules: [...tproxy, ...npt] },
  { family: 'ipv6', table: 'mangle', chain: 'POSTROUTING', rules: npt },
])

const path = '[2001:db8:1:2::1]:1>[2001:db8:3:4::2]:2'
const others = [
  '[2001:db8:1:2:ffff::1]:1>[2001:db8:3:4:ffff::2]:2',
  '[2001:db8:1:2::1]:1>[2001:db8:3:4:ffff:ffff:ffff:ffff]:2',
  '[2001:db8:1:ffff::1]:1>[2001:db8:3:ffff::2]:2',
]
const npts = [
  '--src-pfx 2001:db8:3::/48 --dst-pfx fd00:1:2::/48',
  '--src-pfx 2001:db8:3:4::/64 --dst-pfx fd00:1:2:3::/64',
  '--src-pfx 2001:db8::/32 --dst-pfx fd00::/16',
  '--src-pfx 2001:db8:3:4::/64 --dst-pfx 2001:db8:9::/48',
]
const destinations = Array.from(
  { length: 64 },
  (_, index) => `-m u32 --u32 "32>>16=${index * 1024}:${index * 1024 + 1023}"`,
)
const asked = [
  '-d fd00:1:2::/48',
  '-d fd00:1:2:3::/64',
  '-d fd00::/16',
  '-d 2001:db8:9::/48',
  '-d 2001:db8:3:4::/64',
  ...destinations,
  ...destinations.map((rule) => rule.replace('32>>16', '30&0xffff')),
  '-m u32 --u32 "24>>16=0xfd00"',
]

sameDecisions(
  'DNPT',
  Object.fromEntries(
    npts.map((prefixes) => [
      prefixes,
      {
        family: 'ipv6' as const,
        file: `*mangle\n-A PREROUTING -j DNPT ${prefixes}\n${asked.map((rule) => `-A PREROUTING ${rule}\n`).join('')}COMMIT\n*filter\n${asked.map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n`,
        packets: [path, ...others].map((one) => udp(one)),
      },
    ]),
  ),
)

describe('packets that a program decides about', () => {
  const packet = packetOf(udp('192.0.2.1:1>198.51.100.2:2'))

  test.each(['NFQUEUE --queue-num 1', 'NFQUEUE --queue-bypass', 'QUEUE'])('%s is unknown', (target) => {
    expect(decide(compile(filter(`-A FORWARD -j ${target}`)), packet)).toBe('UNKNOWN filter:FORWARD:rule:1')
    expect(packet.possibleVerdicts).toBe(0b110)
  })

  test('--assume says whether it accepted', () => {
    const rules = filter('-A FORWARD -j NFQUEUE --queue-num 1')
    expect(decide(compile(rules, 'ipv4', { NFQUEUE: true }), packet)).toBe('ACCEPT filter:FORWARD:rule:1')
    expect(decide(compile(rules, 'ipv4', { NFQUEUE: false }), packet)).toBe('DROP filter:FORWARD:rule:1')
  })
})
