import { describe, expect, it } from 'vitest'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_PREROUTING } from '../../src/ruleset/packet/hooks.ts'
import { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_UNKNOWN } from '../../src/ruleset/packet/rule-packet.ts'
import { udp } from '../support/packets.ts'
import { Replaying, table } from './replaying.ts'

/**
 * What a transparent proxy takes comes to this machine, whatever its destination, with the mark that TPROXY gave it (asked
 * of Linux 6.18 with a listener in a namespace): a packet with a socket is never forwarded. Without a listener it is dropped.
 */

/** Bits of the verdicts that are possible. */
const EITHER = (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP)
const packet = udp('192.0.2.1:1000>198.51.100.2:53')
const filter = [
  '*filter',
  ':INPUT DROP [0:0]',
  ':FORWARD DROP [0:0]',
  '-A INPUT -m mark --mark 5 -j ACCEPT',
  'COMMIT',
  '',
]
const rulesWith = (match: string): string =>
  table('mangle', `-A PREROUTING -p udp ${match} -j TPROXY --on-port 5000 --tproxy-mark 5`) + filter.join('\n')

function replaying(match: string, assume: Record<string, boolean>): Replaying {
  const replay = new Replaying({ rules: rulesWith(match), assume })
  replay.say(packet)
  return replay
}

describe('TPROXY', () => {
  it('nothing tells whether a program listens', () => {
    const { outcome } = replaying('', {})
    expect([outcome.verdict, outcome.possibleVerdicts]).toEqual([VERDICT_UNKNOWN, EITHER])
    expect(outcome.unknownText).toContain('--assume TPROXY')
    expect(outcome.rule?.record).toBe('mangle:PREROUTING:rule:1')
  })

  it('a program listens: it gets the packet by INPUT, marked', () => {
    const { outcome } = replaying('', { TPROXY: true })
    expect([outcome.verdict, outcome.hook, outcome.rule?.record]).toEqual([
      VERDICT_ACCEPT,
      HOOK_INPUT,
      'filter:INPUT:rule:1',
    ])
  })

  it('no program listens: the packet is dropped in PREROUTING', () => {
    const { outcome } = replaying('', { TPROXY: false })
    const { verdict, dropHook, rule } = outcome
    expect([verdict, dropHook, rule?.record]).toEqual([VERDICT_DROP, HOOK_PREROUTING, 'mangle:PREROUTING:rule:1'])
  })

  it('what it leaves goes through FORWARD', () => {
    const { outcome } = replaying('--dport 80', {})
    expect([outcome.verdict, outcome.dropHook]).toEqual([VERDICT_DROP, HOOK_FORWARD])
  })

  it('an unknown match before it: nothing after it is certain, nor which way the packet goes', () => {
    const socket = replaying('-m socket', {}).outcome
    expect([socket.verdict, socket.possibleVerdicts & EITHER]).toEqual([VERDICT_UNKNOWN, EITHER])
    expect(replaying('-m socket', { socket: true, TPROXY: true }).outcome.rule?.record).toBe('filter:INPUT:rule:1')
    expect(replaying('-m socket', { socket: false }).outcome.rule?.record).toBe('filter:FORWARD:policy:1')
  })
})
