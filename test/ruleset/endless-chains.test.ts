import { describe, expect, test } from 'vitest'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { tcp } from '../support/packets.ts'
import { decide, ENVIRONMENT, filter, packetOf } from './support.ts'

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')
const TOO_MANY = /^rules send the packet from chain to chain more than 65536 times/

/** Each chain is called twice by the one before it. */
function chainsCallingTwice(levels: number, first: string, second: string): string {
  const names = Array.from({ length: levels }, (_, level) => `c${level}`)
  return filter(
    ...names.map((name) => `:${name} - [0:0]`),
    '-A FORWARD -j c0',
    '-A FORWARD -j ACCEPT',
    ...names.slice(1).flatMap((name, at) => [`-A c${at} ${first} ${name}`, `-A c${at} ${second} ${name}`]),
  )
}

describe.each([
  { interpretOnly: false, how: 'compiled' },
  { interpretOnly: true, how: 'interpreted' },
])('chains that call each other twice, level after level ($how)', ({ interpretOnly }) => {
  const compile = (text: string) => compileRuleset(parseRuleset(text, 'rules', 'ipv4'), ENVIRONMENT, { interpretOnly })

  test.each([
    ['jumps', '-j', '-j'],
    ['jumps, goto after them', '-j', '-g'],
  ])('%s: a packet that would never come to the end is left open', (_, first, second) => {
    const rules = compile(chainsCallingTwice(40, first, second))
    for (let time = 0; time < 3; time++) {
      const packet = packetOf(SYN)
      expect(decide(rules, packet)).toMatch(/^UNKNOWN filter:c\d+:rule:\d$/)
      expect(rules.unknownReason(packet.unknownReason)).toMatch(TOO_MANY)
    }
  })

  test('one that takes only one of each two calls is decided', () => {
    const rules = compile(chainsCallingTwice(40, '-p tcp -j', '-p udp -j'))
    expect(decide(rules, packetOf(SYN))).toBe('ACCEPT filter:FORWARD:policy:2')
  })

  test('one that comes to the end is counted by every rule it met, as often as it met it', () => {
    const rules = compile(chainsCallingTwice(11, '-j', '-j'))
    for (let time = 1; time <= 3; time++) {
      expect(decide(rules, packetOf(SYN))).toBe('ACCEPT filter:FORWARD:policy:2')
      const last = rules.rules.find(({ chain, number }) => chain === 'c9' && number === 2)
      expect(rules.packets(last?.id ?? -1)).toBe(time * 2 ** 9)
    }
  })
})
