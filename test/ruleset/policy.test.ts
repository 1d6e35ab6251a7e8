import { describe, expect, test } from 'vitest'
import { parseRuleset, printRuleset } from '../../src/ruleset/index.ts'
import { HOOK_PREROUTING } from '../../src/ruleset/packet/hooks.ts'
import { tcp, udp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { noKernel, replayBoth } from './replay-both.ts'
import { deadOf } from './review/review-of.ts'
import { compile, decide, filter, packetOf } from './support.ts'

describe.skipIf(noIptables)(`policy, rpfilter and cluster, as iptables prints them ${noIptables}`, () => {
  test.each([
    '-m policy --dir in --pol none',
    '-m policy --dir out --pol ipsec --strict --reqid 1 --spi 0x10 --proto esp --mode tunnel --tunnel-src 1.2.3.4 --tunnel-dst 5.6.7.0/24',
    '-m policy --dir out --pol ipsec --strict --reqid 1 --next ! --spi 0x10 ! --proto ah --next --mode transport',
    '-m policy --dir in',
    '-m policy --dir in --pol none --strict',
    '-m policy --dir in --pol none --reqid 1',
    '-m policy --dir in --pol ipsec --strict',
    '-m policy --dir in --pol ipsec --next',
    '-m policy --dir in --pol ipsec --mode transport --tunnel-src 1.2.3.4',
    '-m policy --dir fwd --pol ipsec',
    '-m policy --dir in --pol ipsec --proto 50',
    '-m policy --dir in --pol ipsec --proto tcp',
    '-m policy --dir in --pol ipsec --mode beet',
    '-m policy --dir in --pol ipsec --mode tunnel ! --tunnel-src 1.2.3.4/255.255.0.0',
    '-m policy --dir in --pol ipsec --spi 1 --spi 2',
    '-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef',
    '-m cluster --cluster-total-nodes 2 --cluster-local-nodemask 3 --cluster-hash-seed 1',
    '-m cluster --cluster-total-nodes 4 ! --cluster-local-node 3 --cluster-hash-seed 1',
    '-m cluster --cluster-total-nodes 4 --cluster-local-node 5 --cluster-hash-seed 1',
    '-m cluster --cluster-total-nodes 33 --cluster-local-node 5 --cluster-hash-seed 1',
    '-m cluster --cluster-total-nodes 32 --cluster-local-node 32 --cluster-hash-seed 1',
    '-m cluster --cluster-total-nodes 4 --cluster-local-node 1',
    '-m cluster --cluster-total-nodes 4 --cluster-local-nodemask 31 --cluster-hash-seed 1',
    '-m rpfilter',
  ])('%s', (rule) => {
    expect(printedByUs(rule, 'ipv4', 'mangle', 'FORWARD')).toBe(printedByIptables(rule, 'ipv4', 'mangle', 'FORWARD'))
  })

  test.each(['-m rpfilter', '-m rpfilter --invert --accept-local --loose --validmark'])('%s', (rule) => {
    expect(printedByUs(rule, 'ipv4', 'raw', 'PREROUTING')).toBe(printedByIptables(rule, 'ipv4', 'raw', 'PREROUTING'))
  })
})

test('a node of a cluster as iptables-save writes it, though iptables-restore refuses it', () => {
  const save = (rule: string): string => `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m cluster ${rule}\nCOMMIT\n`
  const typed = '--cluster-local-node 32 --cluster-total-nodes 32 --cluster-hash-seed 0x00000005'
  const saved = '--cluster-local-nodemask 0x80000000 --cluster-total-nodes 32 --cluster-hash-seed 0x00000005'
  const printed = printRuleset(parseRuleset(save(typed), 'typed.v4', 'ipv4'))
  expect(printed).toContain(saved)
  const { warnings, ...again } = parseRuleset(save(saved), 'saved.v4', 'ipv4')
  expect(printRuleset({ warnings, ...again })).toBe(printed)
  expect(warnings).toEqual([
    'saved.v4: line 3: iptables-restore refuses masks of nodes above 32; --cluster-local-node does not',
  ])
  expect(() => parseRuleset(save(saved.replace('s 32', 's 31')), 'saved.v4', 'ipv4')).toThrow('31 nodes')
})

describe('IPsec', () => {
  const rules = filter(
    '-A FORWARD -m policy --dir in --pol none -j REJECT',
    '-A FORWARD -m policy --dir in --pol ipsec -j ACCEPT',
  )
  const verdict = (assume: Record<string, boolean>) =>
    decide(compile(rules, 'ipv4', assume), packetOf(udp('192.0.2.1:1>198.51.100.2:2')))

  test('is taken to protect no packet, unless it is assumed that all that rules ask about are protected', () => {
    expect(verdict({})).toContain('filter:FORWARD:rule:1')
    expect(verdict({ policy: false })).toContain('filter:FORWARD:rule:1')
    expect(verdict({ policy: true })).toBe('ACCEPT filter:FORWARD:rule:2')
  })

  test('rules about it are neither dead nor do they take anything for sure', () => {
    expect(
      deadOf([
        '-A INPUT -m policy --dir in --pol none -j DROP',
        '-A INPUT -m policy --dir in --pol ipsec -p tcp -j ACCEPT',
        '-A INPUT -p tcp -j ACCEPT',
      ]),
    ).toEqual([])
  })
})

describe('the way back', () => {
  test.each([
    ['', '192.0.2.1:1>198.51.100.2:2', 1, 'UNKNOWN'],
    ['', '192.0.2.1:1>198.51.100.2:2', 3, 'ACCEPT'],
    ['', '0.0.0.0:68>255.255.255.255:67', 1, 'ACCEPT'],
    ['', '0.0.0.0:68>198.51.100.2:67', 1, 'UNKNOWN'],
    // As Linux 6.18 answers for a network behind this interface, behind another one, and own addresses.
    ['', '198.51.100.9:1>192.0.2.2:2', 1, 'ACCEPT'],
    ['', '198.51.100.9:1>192.0.2.2:2', 2, 'DROP'],
    ['', '198.51.100.9:1>192.0.2.2:2', -1, 'UNKNOWN'],
    ['--loose', '198.51.100.9:1>192.0.2.2:2', 2, 'ACCEPT'],
    ['--loose', '192.0.2.1:1>198.51.100.2:2', 1, 'UNKNOWN'],
    ['--invert', '198.51.100.9:1>192.0.2.2:2', 2, 'ACCEPT'],
    ['', '10.0.0.1:1>198.51.100.2:2', 1, 'DROP'],
    ['--loose', '10.0.0.1:1>198.51.100.2:2', 1, 'DROP'],
    ['--accept-local', '10.0.0.1:1>198.51.100.2:2', 1, 'ACCEPT'],
    ['--accept-local', '10.0.0.1:1>198.51.100.2:2', 2, 'DROP'],
    ['--loose --accept-local', '10.0.0.1:1>198.51.100.2:2', 2, 'ACCEPT'],
  ])('%s %s by interface %i: %s', (options, path, inInterface, expected) => {
    const rules = compile(`*raw\n:PREROUTING DROP [0:0]\n-A PREROUTING -m rpfilter ${options} -j ACCEPT\nCOMMIT\n`)
    const packet = packetOf(udp(path), { hook: HOOK_PREROUTING, inInterface })
    expect(decide(rules, packet).split(' ')[0]).toBe(expected)
  })
})

describe.skipIf(noKernel)(`policy and cluster, held against the kernel ${noKernel}`, () => {
  test('IPv4 and IPv6', async () => {
    const rules = [
      '*filter',
      '-A FORWARD -m policy --dir in --pol ipsec -j DROP',
      '-A FORWARD -m policy --dir out --pol ipsec --strict ! --reqid 7 -j DROP',
      '-A FORWARD -m policy --dir in --pol none -m cluster --cluster-total-nodes 5 --cluster-local-nodemask 0x5 --cluster-hash-seed 0xdeadbeef -j ACCEPT',
      '-A FORWARD -m cluster --cluster-total-nodes 32 ! --cluster-local-node 9 --cluster-hash-seed 7 -j ACCEPT',
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    const packets = Array.from({ length: 60 }, (_, index) => [
      tcp(`192.0.${index}.${index * 3}:1000>198.51.100.2:80`, 'S'),
      udp(`[2001:${index}::${index}]:5>[2001:db9::1]:53`),
    ]).flat()
    const { kernel, ours } = await replayBoth({ rules, rules6: rules }, packets, [])
    expect(ours).toEqual(kernel)
    expect(new Set(kernel).size).toBeGreaterThan(2)
  })
})
