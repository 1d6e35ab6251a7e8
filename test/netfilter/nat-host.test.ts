import { describe, expect, test } from 'vitest'
import { udp } from '../support/packets.ts'
import { Replaying } from './replaying.ts'
import { filter, nat, QUESTION } from './translating.ts'

describe('the nat table of a host', () => {
  const host = (rules: string) => new Replaying({ mode: 'host', local: ['10.0.0.1'], rules })

  test('DNAT in OUTPUT', () => {
    const one = host(nat('-A OUTPUT -j DNAT --to-destination 10.99.0.1') + filter('-A OUTPUT -d 10.99.0.1 -j DROP'))
    expect(one.say(QUESTION)).toBe('NEW OUTPUT DROP filter:OUTPUT:rule:1')
  })

  test('DNAT in OUTPUT to the host itself comes in again', () => {
    const one = host(nat('-A OUTPUT -j DNAT --to-destination 10.0.0.1') + filter('-A INPUT -i lo -j DROP'))
    expect(one.say(QUESTION)).toBe('NEW INPUT DROP filter:INPUT:rule:1')
  })

  // oracle: docker-bridge-hairpin-nat with 127.0.0.1 > 127.0.0.1:8080; without route_localnet no route leads out.
  test('DNAT in OUTPUT leads nothing from a loopback address to elsewhere', () => {
    const rules = nat('-A OUTPUT -d 127.0.0.0/8 -j DNAT --to-destination 10.99.0.1') + filter('-A OUTPUT -j ACCEPT')
    expect(host(rules).say(udp('127.0.0.1:1000>127.0.0.1:53'))).toBe('NEW OUTPUT DROP nat:OUTPUT:rule:1')
    const back = nat('-A OUTPUT -d 127.0.0.0/8 -j DNAT --to-destination 10.0.0.1')
    expect(host(back).say(udp('127.0.0.1:1000>127.0.0.1:53'))).toMatch('ACCEPT')
  })

  test('REDIRECT in OUTPUT leads to loopback', () => {
    const one = host(nat('-A OUTPUT -p udp -j REDIRECT --to-ports 5300'))
    expect(one.say(QUESTION)).toBe('NEW INPUT ACCEPT')
    expect(one.answers).toBe('127.0.0.1:5300>10.0.0.1:4000')
  })

  test('SNAT in INPUT', () => {
    const one = host(nat('-A INPUT -j SNAT --to-source 192.0.2.1'))
    one.say(udp('10.9.9.9:4000>10.0.0.1:53'))
    expect(one.answers).toBe('10.0.0.1:53>192.0.2.1:4000')
  })

  test('forwards nothing: DNAT elsewhere ends at routing', () => {
    const one = host(nat('-A PREROUTING -j DNAT --to-destination 10.99.0.1'))
    expect(one.say(udp('10.9.9.9:4000>10.0.0.1:53'))).toBe('NEW not-routed')
  })
})
