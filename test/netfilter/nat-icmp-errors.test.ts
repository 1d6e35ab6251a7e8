import { describe, expect, test } from 'vitest'
import { icmp, icmpv6, udp } from '../support/packets.ts'
import { Replaying } from './replaying.ts'
import { filter, nat, QUESTION, router } from './translating.ts'

describe('ICMP errors about translated connections', () => {
  const dnat = nat('-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:5353')
  const translated = udp('10.0.0.1:4000>10.99.0.1:5353')

  test('are RELATED by what they quote, and translated back', () => {
    const one = router(dnat + filter('-A FORWARD -p icmp -s 10.99.0.1 -d 10.0.0.1 -j DROP'))
    one.say(QUESTION)
    const said = one.say(icmp('10.99.0.1>10.0.0.1', 3, 3, { data: translated }))
    expect(said).toBe('RELATED/reply FORWARD DROP filter:FORWARD:rule:1')
  })

  test('from a router on the way behind SNAT reach the client', () => {
    const snat = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1')
    const one = router(snat + filter('-A FORWARD -p icmp -d 10.0.0.1 -j DROP'))
    one.say(QUESTION)
    const quoted = udp('198.51.100.1:4000>10.9.9.9:53')
    expect(one.say(icmp('203.0.113.9>198.51.100.1', 11, 0, { data: quoted }))).toBe(
      'RELATED/reply FORWARD DROP filter:FORWARD:rule:1',
    )
  })

  // oracle: fuzzing of firewalls. It is one of ICMP, not of ICMPv6.
  test('type 5 of ICMPv6 is no redirect', () => {
    const one = new Replaying({ rules6: nat('-A PREROUTING -p udp -j DNAT --to-destination [2001:db8:9::1]:5353') })
    one.say(udp('[2001:db8:a::1]:4000>[2001:db8:b::1]:53'))
    const translated = udp('[2001:db8:a::1]:4000>[2001:db8:9::1]:5353')
    expect(one.say(icmpv6('2001:db8:9::1>2001:db8:a::1', 5, 0, { rest: [0, 0, 0, 0], data: translated }))).toBe(
      'RELATED/reply FORWARD ACCEPT',
    )
  })

  test('a redirect of a translated connection is dropped', () => {
    const one = router(dnat)
    one.say(QUESTION)
    const said = one.say(icmp('10.99.0.254>10.0.0.1', 5, 1, { rest: [10, 99, 0, 9], data: translated }))
    expect(said).toContain('DROP')
    expect(one.reason).not.toBeNull()
  })

  // oracle: fuzzing of firewalls, host mode. What the machine sends itself is judged by nobody else.
  test.each([
    ['what the machine sends', '10.0.0.1', {}, 'OUTPUT'],
    ['what comes in, where nf_conntrack_checksum is 0', '10.99.0.9', { nf_conntrack_checksum: 0 }, 'FORWARD'],
  ])('with a bad checksum are dropped: %s', (_, sender, sysctls, hook) => {
    const local = ['10.0.0.1']
    const setting = { rules: nat('-A POSTROUTING -p tcp -j SNAT --to-source 10.7.7.7'), local, sysctls }
    const [right, bad] = [{}, { checksum: 'bad' as const }].map((options) => {
      const one = new Replaying({ ...setting, checksum: 'verify' })
      const question = udp(`10.9.9.9:4000>${sender}:53`)
      one.say(question)
      const said = one.say(icmp(`${sender}>10.9.9.9`, 3, 3, { data: question, ...options }))
      return `${said} ${one.reason}`
    })
    expect(right).toBe(`RELATED/reply ${hook} ACCEPT null`)
    expect(bad).toMatch(/^RELATED\/reply .*DROP.*checksum is bad$/)
  })

  test('of IPv6', () => {
    const rules6 = nat('-A POSTROUTING -j SNAT --to-source 2001:db8:5::1') + filter('-A FORWARD -d 2001:db8::1 -j DROP')
    const one = new Replaying({ rules6 })
    one.say(udp('[2001:db8::1]:4000>[2001:db8:9::9]:53'))
    const quoted = udp('[2001:db8:5::1]:4000>[2001:db8:9::9]:53')
    expect(one.say(icmpv6('2001:db8:9::9>2001:db8:5::1', 1, 4, { data: quoted }))).toBe(
      'RELATED/reply FORWARD DROP filter:FORWARD:rule:1',
    )
  })
})
