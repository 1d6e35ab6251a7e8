import { describe, expect, test } from 'vitest'
import { CTSTATE_INVALID } from '../../src/netfilter/outcome.ts'
import { HOOK_INPUT } from '../../src/ruleset/packet/hooks.ts'
import { VERDICT_NONE } from '../../src/ruleset/packet/rule-packet.ts'
import { NOTE_NOT_ROUTED } from '../../src/wire/packet-fields.ts'
import { icmp, tcp, udp } from '../support/packets.ts'
import { Replaying, table } from './replaying.ts'

// oracle: fuzzing of firewalls, where a host talks to itself.
describe('over loopback the tracker judges again what it made nothing of', () => {
  const error = icmp('10.0.0.5>10.0.0.5', 3, 1, { data: udp('10.0.0.5:1>10.9.9.9:53') })
  const host = (...rules: string[]) => {
    const made = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules: rules.join('') })
    made.say(udp('10.0.0.5:1>10.9.9.9:53'))
    return made
  }
  const zone = table('raw', '-A OUTPUT -p icmp -j CT --zone 1')
  const related = table('filter', '-A INPUT -m conntrack --ctstate RELATED -j DROP')

  test('in the zone of where it comes in, but the label stays', () => {
    const replaying = host(zone, related)
    expect(replaying.say(error)).toBe('INVALID INPUT DROP filter:INPUT:rule:1')
    expect(replaying.outcome).toMatchObject({ direction: -1, dropHook: HOOK_INPUT })
  })

  test('what OUTPUT found a connection for is not', () => {
    expect(host(related).say(error)).toBe('RELATED/reply INPUT DROP filter:INPUT:rule:1')
  })

  test('where NOTRACK is still in time', () => {
    const rules = table('raw', '-A OUTPUT -p icmp -j CT --zone 1', '-A PREROUTING -i lo -j NOTRACK')
    const untracked = table('filter', '-A INPUT -m conntrack --ctstate UNTRACKED -j DROP')
    expect(host(rules, untracked).say(error)).toBe('INVALID INPUT DROP filter:INPUT:rule:1')
  })

  const syn = tcp('10.0.0.5:1000>10.0.0.5:80', 'S', { seq: 1 })
  const ack = tcp('10.0.0.5:1000>10.0.0.5:80', 'A', { seq: 2, ack: 2 })
  const tcpZone = table('raw', '-A OUTPUT -p tcp -j CT --zone 1')

  test('and may open a connection', () => {
    const replaying = host(tcpZone, table('filter', '-A INPUT -p tcp -m conntrack --ctstate INVALID -j DROP'))
    replaying.say(syn)
    expect(replaying.live).toBe(2)
    expect(replaying.say(ack)).toBe('INVALID INPUT ACCEPT filter:INPUT:policy:2')
    expect(replaying.live).toBe(3)
  })

  test('where nat then leads it elsewhere, routing refuses it, and it opens nothing', () => {
    const replaying = host(tcpZone, table('nat', '-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.6'))
    replaying.say(syn)
    replaying.say(ack)
    expect(replaying.outcome).toMatchObject({ state: CTSTATE_INVALID, note: NOTE_NOT_ROUTED, verdict: VERDICT_NONE })
    expect(replaying.live).toBe(2)
  })

  test('but to another address of its own it goes on', () => {
    const rules = tcpZone + table('nat', '-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.6')
    const replaying = new Replaying({ mode: 'host', local: ['10.0.0.5', '10.0.0.6'], rules: rules + table('filter') })
    replaying.say(syn)
    expect(replaying.say(ack)).toBe('INVALID INPUT ACCEPT filter:INPUT:policy:1')
    expect(replaying.live).toBe(2)
  })
})

// oracle: random combinations. The kernel's accept_source_route is 0.
test('over loopback a route of the sender’s choice is refused as from anywhere else', () => {
  const host = new Replaying({ mode: 'host', local: ['10.0.0.5'], rules: table('filter', '-A INPUT -j ACCEPT') })
  host.say(udp('10.0.0.5:1>10.0.0.5:53', { ipOptions: [131, 7, 4, 10, 9, 9, 8, 0] }))
  expect(host.outcome).toMatchObject({ note: NOTE_NOT_ROUTED, verdict: VERDICT_NONE })
})
