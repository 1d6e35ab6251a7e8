import { describe, expect, test } from 'vitest'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../../src/ruleset/packet/rule-packet.ts'
import { tcp, udp } from '../support/packets.ts'
import { Replaying, table } from './replaying.ts'

describe('what cannot be decided', () => {
  // Whose program sends a packet is never in a capture.
  const rules = table('filter', '-A OUTPUT -p udp -m owner --uid-owner 0 -j DROP')
  const host = () => new Replaying({ mode: 'host', local: ['10.0.0.5'], rules })
  const question = udp('10.0.0.5:1000>10.9.9.9:53')
  const answer = udp('10.9.9.9:53>10.0.0.5:1000')

  test('is UNKNOWN, with the rule, the possible verdicts, and what is missing', () => {
    const unsure = host()
    expect(unsure.say(question)).toBe('NEW OUTPUT UNKNOWN filter:OUTPUT:rule:1')
    expect(unsure.outcome.possibleVerdicts).toBe((1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP))
    expect(unsure.outcome.unknownText).toMatch(/owner/)
    expect(unsure.outcome.assumesFrame).toBe(0)
  })

  test('is taken as accepted: later packets of the connection say on which frame they rely', () => {
    const unsure = host()
    unsure.say(question)
    expect(unsure.say(answer)).toBe('ESTABLISHED/reply INPUT ACCEPT filter:INPUT:policy:1')
    expect(unsure.outcome.assumesFrame).toBe(1)
    unsure.say(question)
    expect(unsure.outcome.assumesFrame).toBe(1)
  })

  test('so does a packet that is INVALID by the state of that connection', () => {
    const unsure = new Replaying({
      mode: 'host',
      local: ['10.0.0.5'],
      rules: table('filter', '-A OUTPUT -p tcp -m owner --uid-owner 0 -j DROP'),
    })
    unsure.say(tcp('10.0.0.5:1000>10.9.9.9:80', 'S', { seq: 100 }))
    expect(unsure.say(tcp('10.0.0.5:1000>10.9.9.9:80', 'A', { seq: 101, ack: 1 }))).toMatch(/^INVALID/)
    expect(unsure.outcome.assumesFrame).toBe(1)
  })

  test('nothing relies on a connection that is over', () => {
    const unsure = host()
    unsure.say(question)
    expect(unsure.wait(31).say(answer)).toBe('NEW INPUT ACCEPT filter:INPUT:policy:1')
    expect(unsure.outcome.assumesFrame).toBe(0)
    unsure.say(answer)
    expect(unsure.outcome.assumesFrame).toBe(0)
  })

  test('nothing is assumed where the connection was there before', () => {
    const unsure = host()
    unsure.say(answer)
    expect(unsure.say(question)).toContain('ESTABLISHED/reply OUTPUT UNKNOWN')
    unsure.say(answer)
    expect(unsure.outcome.assumesFrame).toBe(0)
  })

  test('a rule after it that drops in any case settles the verdict', () => {
    const settled =
      table('mangle', '-A OUTPUT -m owner --uid-owner 0 -j DROP') + table('filter', '-A OUTPUT -p udp -j DROP')
    const strict = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules: settled })
    expect(strict.say(question)).toBe('NEW OUTPUT DROP filter:OUTPUT:rule:1')
    expect(strict.outcome).toMatchObject({ possibleVerdicts: 0, unknownText: null })
    expect(strict.live).toBe(0)
  })

  test('the first of several stands for all', () => {
    const twice = table('mangle', '-A OUTPUT -m owner --uid-owner 1 -j DROP') + rules
    const unsure = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules: twice })
    expect(unsure.say(question)).toBe('NEW OUTPUT UNKNOWN mangle:OUTPUT:rule:1')
  })

  test('an UNKNOWN in raw does not lose the label', () => {
    const early = table('raw', '-A OUTPUT -m owner --uid-owner 1 -j DROP')
    const unsure = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules: early })
    expect(unsure.say(question)).toBe('NEW OUTPUT UNKNOWN raw:OUTPUT:rule:1')
  })
})

test('what is not known of a connection mark is not held against a later connection in its place', () => {
  const rules = [
    '*mangle',
    ':POSTROUTING ACCEPT [0:0]',
    '-A POSTROUTING -o lan -p tcp --dport 80 -j CONNMARK --set-mark 1',
    'COMMIT',
    '*filter',
    ':FORWARD ACCEPT [0:0]',
    '-A FORWARD -m connmark --mark 1 -j DROP',
    'COMMIT',
    '',
  ].join('\n')
  const router = new Replaying({ rules })
  expect(router.say(tcp('10.0.0.1:1000>10.0.0.2:80', 'S'))).toBe('NEW FORWARD ACCEPT filter:FORWARD:policy:2')
  expect(router.say(tcp('10.0.0.1:1000>10.0.0.2:80', 'S'))).toContain('UNKNOWN')
  router.wait(1000)
  for (let n = 0; n < 20; n++) {
    expect(router.say(tcp(`10.0.0.3:${n + 1}>10.0.0.2:81`, 'S'))).toContain('ACCEPT')
    expect(router.say(tcp(`10.0.0.3:${n + 1}>10.0.0.2:81`, 'S'))).toContain('ACCEPT')
  }
})
