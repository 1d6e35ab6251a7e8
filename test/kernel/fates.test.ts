import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { noKernel, replayBoth } from '../ruleset/replay-both.ts'
import { compile, decide, filter, packetOf } from '../ruleset/support.ts'
import { tcp, udp } from '../support/packets.ts'

/** What targets that hand packets on, or only tell of them, do to a packet's fate: the kernel's answer without any listener. */

const packets = [udp('192.0.2.1:1000>198.51.100.2:53'), tcp('192.0.2.1:1000>198.51.100.2:80', 'S')]

const inMangle = (target: string): string =>
  ['*mangle', ...['udp', 'tcp'].map((protocol) => `-A PREROUTING -p ${protocol} -j ${target}`), 'COMMIT', ''].join('\n')

const last = filter('-A FORWARD -j LOG', '-A FORWARD -j ACCEPT')

describe.skipIf(noKernel)(`targets without listeners, held against the kernel ${noKernel}`, { retry: 2 }, () => {
  it.for([
    'AUDIT --type drop',
    'AUDIT --type reject',
    'IDLETIMER --timeout 5 --label fates',
    'TEE --gateway 198.51.100.9',
    'NFLOG --nflog-group 7',
    'LED --led-trigger-id fates',
    'RATEEST --rateest-name fates --rateest-interval 250ms --rateest-ewmalog 500ms',
    'CONNSECMARK --restore',
    'CHECKSUM --checksum-fill',
  ])('%s: the packet goes on', async (target, { skip }) => {
    const refused = refusalOf(target)
    if (refused !== '') skip(`skipped: the tools refuse -j ${target}: ${refused}`)
    const both = await replayBoth({ rules: inMangle(target) + last }, packets, ['--virtual-time'])
    expect(both.kernel).toEqual(both.ours)
    expect(both.ours).toEqual(['ACCEPT filter:FORWARD:policy:2', 'ACCEPT filter:FORWARD:policy:2'])
  })

  it('TRACE: the packet goes on', async () => {
    const rules = `*raw\n-A PREROUTING -j TRACE\nCOMMIT\n${last}`
    const { kernel, ours } = await replayBoth({ rules }, packets, ['--virtual-time'])
    expect(kernel).toEqual(ours)
  })

  it.each([
    ['NFQUEUE', 'DROP'],
    ['NFQUEUE --queue-num 5', 'DROP'],
    ['NFQUEUE --queue-num 5 --queue-bypass', 'ACCEPT'],
    ['NFQUEUE --queue-balance 1:4 --queue-bypass', 'ACCEPT'],
    ['TPROXY --on-port 5', 'DROP'],
  ])('%s: %s, which is one of the verdicts that we call possible', async (target, expected) => {
    const rules = inMangle(target) + filter('-A FORWARD -j ACCEPT')
    const { kernel, ours } = await replayBoth({ rules }, packets, ['--virtual-time'])
    expect(kernel.map((answer) => answer.split(' ')[0])).toEqual([expected, expected])
    expect(ours.map((answer) => answer.split(' ')[0])).toEqual(['UNKNOWN', 'UNKNOWN'])
  })
})

/** Kernels are built without some targets: what the tools say of one then, else ''. */
function refusalOf(target: string): string {
  const { status, stderr } = spawnSync('unshare', ['-n', 'iptables-legacy-restore'], {
    input: inMangle(target),
    encoding: 'utf8',
  })
  return status === 0 ? '' : stderr.trim()
}

it.each([
  ['NFQUEUE', '-j NFQUEUE --queue-num 5'],
  ['NFQUEUE', '-j NFQUEUE --queue-bypass'],
  ['QUEUE', '-j QUEUE'],
])('--assume %s settles %s', (name, rule) => {
  const verdict = (assumed: boolean): string =>
    decide(compile(filter(`-A FORWARD ${rule}`), 'ipv4', { [name]: assumed }), packetOf(packets[0]))
  expect([verdict(true), verdict(false)]).toEqual(['ACCEPT filter:FORWARD:rule:1', 'DROP filter:FORWARD:rule:1'])
})

it.each([
  ['-m owner --uid-owner 0', 'owner'],
  ['-m cgroup --cgroup 1', 'cgroup'],
  ['-m cpu --cpu 0', 'cpu'],
  ['-m devgroup --src-group 1', 'devgroup'],
  ['-m realm --realm 1', 'realm'],
  ['-m socket', 'socket'],
  ['-m socket --transparent --nowildcard', 'socket'],
  ['-m rateest --rateest x --rateest-gt --rateest-pps 1', 'rateest'],
  ['-p tcp -m osf --genre Linux', 'osf'],
  ['-m statistic --mode random --probability 0.5', 'statistic'],
])('%s is unknown, and settled by --assume %s', (rule, name) => {
  const chain = name === 'owner' || name === 'cgroup' ? 'OUTPUT' : name === 'socket' ? 'INPUT' : 'FORWARD'
  const hook = { OUTPUT: 3, INPUT: 1, FORWARD: 2 }[chain]
  const text = `*filter\n:${chain} DROP [0:0]\n-A ${chain} ${rule} -j ACCEPT\nCOMMIT\n`
  const verdict = (assume: Record<string, boolean>): string =>
    decide(compile(text, 'ipv4', assume), packetOf(packets[1], { hook })).split(' ')[0]
  expect(verdict({})).toBe('UNKNOWN')
  expect([verdict({ [name]: true }), verdict({ [name]: false })]).toEqual(['ACCEPT', 'DROP'])
  const { rules, unknownReason, tablesAt } = compile(text)
  const packet = packetOf(packets[1], { hook })
  tablesAt(hook)[0].run(packet)
  expect(rules.length).toBeGreaterThan(0)
  expect(unknownReason(packet.unknownReason)).toContain(`--assume ${name}`)
})
