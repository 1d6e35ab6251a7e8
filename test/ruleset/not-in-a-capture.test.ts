import { describe, expect, test } from 'vitest'
import { HOOK_INPUT } from '../../src/ruleset/packet/hooks.ts'
import { tcp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { compile, decide, errorsOf, filter, packetOf } from './support.ts'

describe.skipIf(noIptables)(`matches that no capture decides, as iptables prints them ${noIptables}`, () => {
  test.each([
    ['-m cpu --cpu 1', 'FORWARD'],
    ['-m cpu ! --cpu 0', 'FORWARD'],
    ['-m devgroup --src-group 1', 'FORWARD'],
    ['-m devgroup ! --dst-group 0x2/0xff', 'FORWARD'],
    ['-m devgroup --src-group 1 --dst-group 2/3', 'FORWARD'],
    ['-m devgroup', 'FORWARD'],
    ['-m socket', 'INPUT'],
    ['-m socket --nowildcard --transparent', 'INPUT'],
    ['-m socket --restore-skmark --nowildcard', 'INPUT'],
    ['-m socket', 'FORWARD'],
  ])('%s in %s', (rule, chain) => {
    expect(printedByUs(rule, 'ipv4', 'mangle', chain)).toBe(printedByIptables(rule, 'ipv4', 'mangle', chain))
  })
})

test('they are unknown, and nfacct only counts', () => {
  const packet = packetOf(tcp('192.0.2.1:1000>198.51.100.2:80', 'S'), { hook: HOOK_INPUT })
  const input = (rule: string): string => `*filter\n:INPUT DROP [0:0]\n-A INPUT ${rule} -j ACCEPT\nCOMMIT\n`
  expect(decide(compile(input('-m socket')), packet)).toMatch(/^UNKNOWN/)
  expect(decide(compile(input('-m cgroup --path a/b')), packet)).toMatch(/^UNKNOWN/)
  expect(decide(compile(input('-m nfacct --nfacct-name x')), packet)).toMatch(/^ACCEPT/)
  expect(errorsOf(filter('-A FORWARD -m cgroup --cgroup 1 -j ACCEPT')).length).toBe(1)
})
