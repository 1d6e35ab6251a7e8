import { ATTACHABLE_HELPERS } from '../../src/ruleset/attachable-helpers.ts'
import { sameGrammar } from './extension-test.ts'

const RANGES = [
  '192.0.2.1',
  '192.0.2.1-192.0.2.9',
  '192.0.2.1-192.0.2.1',
  '192.0.2.9-192.0.2.1',
  ':80',
  ':80-90',
  ':90-80',
  ':0',
  ':65535',
  ':65536',
  '192.0.2.1:80',
  '192.0.2.1-192.0.2.9:80-90',
  '192.0.2.1:80:90',
  '192.0.2.1-192.0.2.5-192.0.2.7',
  '192.0.2.1:',
  '192.0.2',
  'x',
]
const FLAGS = ['', '--random', '--persistent', '--random --persistent', '--random-fully']

const natRules = (target: string, option: string) =>
  ['', '-p tcp ', '-p udp ', '-p icmp '].flatMap((protocol) =>
    RANGES.map((range) => `${protocol}-j ${target} --${option} ${range}`),
  )

const HELPED = ATTACHABLE_HELPERS.flatMap(({ name }) => [
  `-p tcp -j CT --helper ${name}`,
  `-p udp -j CT --helper ${name}`,
])

sameGrammar('SNAT', [
  {
    table: 'nat',
    chain: 'POSTROUTING',
    rules: [
      ...natRules('SNAT', 'to-source'),
      ...FLAGS.map((flags) => `-j SNAT --to-source 192.0.2.1 ${flags}`),
      '-j SNAT',
      '-j SNAT --to-source 2001:db8::1',
    ],
  },
  { table: 'nat', chain: 'PREROUTING', rules: ['-j SNAT --to-source 192.0.2.1'] },
  { table: 'filter', chain: 'FORWARD', rules: ['-j SNAT --to-source 192.0.2.1'] },
  {
    family: 'ipv6',
    table: 'nat',
    chain: 'POSTROUTING',
    rules: [
      '-j SNAT --to-source 2001:db8::1',
      '-j SNAT --to-source 2001:db8::1-2001:db8::9',
      '-p tcp -j SNAT --to-source [2001:db8::1]:80',
      '-p tcp -j SNAT --to-source [2001:db8::1]-[2001:db8::9]:80-90',
      '-p tcp -j SNAT --to-source [2001:db8::1-2001:db8::9]:80-90',
      '-j SNAT --to-source 192.0.2.1',
    ],
  },
])

sameGrammar('DNAT', [
  {
    table: 'nat',
    chain: 'PREROUTING',
    rules: [
      ...natRules('DNAT', 'to-destination'),
      ...FLAGS.map((flags) => `-j DNAT --to-destination 192.0.2.1 ${flags}`),
      '-p tcp -j DNAT --to-destination 192.0.2.1:80-90/1000',
      '-p tcp -j DNAT --to-destination :80-90/1000',
      '-p tcp -j DNAT --to-destination :80/1000',
      '-p tcp -j DNAT --to-destination 192.0.2.1:80/1000',
      '-p tcp -j DNAT --to-destination :80-80/1000',
      '-p tcp -j DNAT --to-destination [192.0.2.1]:80',
      '-j DNAT --to-destination [192.0.2.1]',
      '-j DNAT',
    ],
  },
  { table: 'nat', chain: 'POSTROUTING', rules: ['-j DNAT --to-destination 192.0.2.1'] },
])

sameGrammar('MASQUERADE', [
  {
    table: 'nat',
    chain: 'POSTROUTING',
    rules: [
      ...FLAGS.map((flags) => `-j MASQUERADE ${flags}`),
      ...['80', '80-90', '90-80', '0', '65536', 'x', ''].flatMap((ports) => [
        `-j MASQUERADE --to-ports ${ports}`,
        `-p tcp -j MASQUERADE --to-ports ${ports}`,
      ]),
    ],
  },
  { table: 'nat', chain: 'OUTPUT', rules: ['-j MASQUERADE'] },
])

sameGrammar('REDIRECT', [
  {
    table: 'nat',
    chain: 'PREROUTING',
    rules: [
      ...FLAGS.map((flags) => `-j REDIRECT ${flags}`),
      ...['80', '80-90', '65536'].flatMap((ports) => [
        `-j REDIRECT --to-ports ${ports}`,
        `-p udp -j REDIRECT --to-ports ${ports}`,
      ]),
    ],
  },
  { table: 'nat', chain: 'POSTROUTING', rules: ['-j REDIRECT'] },
])

sameGrammar('NETMAP', [
  {
    table: 'nat',
    chain: 'PREROUTING',
    rules: ['192.0.2.0/24', '192.0.2.7/24', '192.0.2.7', '192.0.2.0/255.255.255.0', 'x'].map(
      (network) => `-j NETMAP --to ${network}`,
    ),
  },
  { table: 'nat', chain: 'POSTROUTING', rules: ['-j NETMAP --to 192.0.2.0/24', '-j NETMAP'] },
])

sameGrammar('CT', [
  {
    table: 'raw',
    chain: 'PREROUTING',
    rules: [
      '-j CT',
      '-j CT --notrack',
      '-j CT --zone 5',
      '-j CT --zone 0x10',
      '-j CT --zone 0',
      '-j CT --zone 65536',
      '-j CT --zone mark',
      '-j CT --zone-orig 5',
      '-j CT --zone-reply mark',
      '-j CT --zone 5 --zone-orig 4',
      '-j CT --zone-orig 5 --zone-reply 6',
      '-j CT --notrack --zone 5',
      '-j CT --notrack --ctevents new',
      '-p tcp -j CT --helper ftp --ctevents new,reply --expevents new --zone 7',
      '-j CT --helper ftp',
      ...HELPED,
      '-j CT --ctevents new,foo',
      '-j CT --timeout nosuchpolicy',
    ],
  },
  { family: 'ipv6', table: 'raw', chain: 'PREROUTING', rules: HELPED },
  { table: 'mangle', chain: 'PREROUTING', rules: ['-j CT --zone 5'] },
])

sameGrammar('DROP in nat', [{ table: 'nat', chain: 'PREROUTING', rules: ['-j DROP', '-j ACCEPT', '-j RETURN'] }])
