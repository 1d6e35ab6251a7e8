import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { parseSets, RulesetError } from '../../src/ruleset/index.ts'
import { noIptables } from './iptables-tools.ts'

const noIpset =
  noIptables || (spawnSync('unshare', ['-n', 'ipset', 'list']).status === 0 ? '' : 'skipped: no ipset in a namespace')

/** ipset restore takes the file. */
function isTaken(lines: readonly string[]): boolean {
  const input = `${lines.join('\n')}\n`
  return spawnSync('unshare', ['-n', 'ipset', 'restore'], { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0
}

function isTakenByUs(lines: readonly string[]): boolean {
  try {
    parseSets(`${lines.join('\n')}\n`, 'sets')
    return true
  } catch (error) {
    if (error instanceof RulesetError) return false
    throw error
  }
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  'hash:ip': ['10.0.0.1', '10.0.0.0/30', '10.0.0.1-10.0.0.3', '2001:db8::1', '10.0.0.1,tcp:80', 'x', '0.0.0.0'],
  'hash:ip family inet6': ['2001:db8::1', '10.0.0.1', '::/0'],
  'hash:ip netmask 24': ['10.0.0.1', '10.0.0.0/24'],
  'hash:ip bitmask 255.0.255.0': ['10.0.0.1'],
  'hash:net': ['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '10.0.0.0/8 nomatch', '10.0.0.0/33'],
  'hash:ip,port': [
    '10.0.0.1,80',
    '10.0.0.1,tcp:http',
    '10.0.0.1,udp:53',
    '10.0.0.1,icmp:ping',
    '10.0.0.1,tcp:1-5',
    '10.0.0.1',
  ],
  'hash:ip,mark': ['10.0.0.1,0x5', '10.0.0.1,5', '10.0.0.1,x'],
  'hash:ip,mark markmask 0xff': ['10.0.0.1,0x5'],
  'hash:net,iface': ['10.0.0.0/8,eth0', '10.0.0.0/8,physdev:eth0', '10.0.0.0/8'],
  'hash:net,net': ['10.0.0.0/8,10.1.0.0/16', '10.0.0.0/8'],
  'hash:net,port,net': ['10.0.0.0/8,80,10.0.0.0/8', '10.0.0.0/8,80'],
  'hash:ip,port,ip': ['10.0.0.1,tcp:80,10.0.0.2'],
  'hash:ip,port,net': ['10.0.0.1,tcp:80,10.0.0.0/8'],
  'hash:net,port': ['10.0.0.0/8,80', '10.0.0.0/8,sctp:80', '10.0.0.0/8,gre:0', '10.0.0.0/8,47:5'],
  'hash:mac': ['00:11:22:33:44:55', '00:00:00:00:00:00', '10.0.0.1'],
  'hash:ip,mac': ['10.0.0.1,00:11:22:33:44:55'],
  'bitmap:port range 1-1000': ['80', '1-5', 'http', '1001', '0', 'tcp:80'],
  'bitmap:ip range 10.0.0.0/24': ['10.0.0.1', '10.0.1.1', '10.0.0.0/28'],
  'bitmap:ip,mac range 10.0.0.0/24': ['10.0.0.1', '10.0.0.1,00:11:22:33:44:55'],
  'list:set': ['other', 'nosuch', 's'],
}
const CREATE_OPTIONS = [
  'timeout 5',
  'counters',
  'comment',
  'skbinfo',
  'forceadd',
  'hashsize 64',
  'maxelem 5',
  'size 8',
  'bucketsize 4',
  'timeout x',
  'nosuch',
]
const ADD_OPTIONS = [
  ['timeout 5', 'timeout 5'],
  ['timeout 5', 'timeout 0'],
  ['', 'timeout 5'],
  ['counters', 'packets 5 bytes 6'],
  ['', 'packets 5'],
  ['comment', 'comment "a b"'],
  ['comment', 'comment ""'],
  ['', 'comment "x"'],
  ['skbinfo', 'skbmark 0x5/0xff skbprio 1:5 skbqueue 3'],
  ['skbinfo', 'skbmark 5'],
  ['', 'skbmark 5'],
] as const

/** We take more: options that a set has no use for (`hashsize` of a bitmap), and elements that are there already. */
describe.skipIf(noIpset)(`what ipset restore takes, we take ${noIpset}`, () => {
  test.each(Object.entries(TYPES))('%s', (type, members) => {
    const other = 'create other hash:ip'
    const files = [
      [other, `create s ${type}`],
      ...members.map((member) => [other, `create s ${type}`, `add s ${member}`]),
      [other, `create s ${type}`, `add s ${members[0]}`, `add s ${members[0]}`],
      [other, `create s ${type}`, `add s ${members[0]}`, `add s ${members[0]} -exist`],
      [other, `create s ${type}`, `del s ${members[0]}`],
      ...CREATE_OPTIONS.map((option) => [other, `create s ${type} ${option}`]),
      ...ADD_OPTIONS.map(([create, add]) => [other, `create s ${type} ${create}`, `add s ${members[0]} ${add}`]),
    ]
    expect(files.filter((lines) => isTaken(lines) && !isTakenByUs(lines)).map((lines) => lines.join('; '))).toEqual([])
  })
})

test.each([
  ['hash:ip,port', '10.0.0.0/16,1-65535', 65_536],
  ['hash:ip maxelem 10', '10.0.0.0/28', 10],
  ['hash:ip maxelem 4000000000', '10.0.0.0/8', 2 ** 20],
  ['hash:ip,port maxelem 4000000000', '10.0.0.0/16,1-65535', 2 ** 20],
])('%s: one line that stands for too many is refused before they are made: %s', (type, element, most) => {
  expect(() => parseSets(`create s ${type}\nadd s ${element}\n`, 'sets')).toThrow(
    `sets:2:7: "${element}" stands for more than ${most} elements; raise maxelem, or use a set of a net type`,
  )
})

test('lines that are too many together are refused', () => {
  const lines = Array.from({ length: 3 }, (_, n) => `add s ${10 + n}.0.0.0/12\n`)
  expect(() => parseSets(`create s hash:ip maxelem 4000000000\n${lines.join('')}`, 'sets')).toThrow(
    'sets:4:7: the set has more than 2097152 elements; write networks, in a set of a net type',
  )
})
