import { describe, expect, test } from 'vitest'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../../src/ruleset/packet/rule-packet.ts'
import { tcp, udp } from '../support/packets.ts'
import { Replaying } from './replaying.ts'
import { filter, nat, QUESTION, router } from './translating.ts'

describe('addresses of the machine itself', () => {
  const local = ['10.0.0.254/24', '203.0.113.5/24']
  const interfaces = [
    { name: 'lan', networks: ['10.0.0.0/24'] },
    { name: 'wan', networks: ['0.0.0.0/0'] },
  ]

  test('MASQUERADE takes the one of the interface that the packet leaves by', () => {
    const one = router(nat('-A POSTROUTING -j MASQUERADE'), { local, interfaces })
    expect(one.say(QUESTION)).toBe('NEW FORWARD ACCEPT')
    expect(one.answers).toBe('10.9.9.9:53>203.0.113.5:4000')
    expect(one.say(udp('10.9.9.9:53>203.0.113.5:4000'))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
  })

  test('MASQUERADE to ports', () => {
    const one = router(nat('-A POSTROUTING -p udp -j MASQUERADE --to-ports 7000-7001'), { local, interfaces })
    one.say(QUESTION)
    expect(one.answers).toMatch(/^10\.9\.9\.9:53>203\.0\.113\.5:700[01]$/)
  })

  test('MASQUERADE without a known address is UNKNOWN, and says which option names one', () => {
    const one = router(nat('-A POSTROUTING -j MASQUERADE'))
    expect(one.say(QUESTION)).toBe('NEW FORWARD UNKNOWN nat:POSTROUTING:rule:1')
    expect(one.outcome.unknownText).toBe('the address of the outgoing interface is not known; name it by --local')
    expect(one.outcome.possibleVerdicts).toBe((1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP))
    expect(one.say(udp('10.9.9.9:53>10.0.0.1:4000'))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
    expect(one.outcome.assumesFrame).toBe(1)
  })

  test('the address of one family does not serve the other', () => {
    const one = new Replaying({ local: ['10.0.0.254'], rules6: nat('-A POSTROUTING -j MASQUERADE') })
    expect(one.say(udp('[2001:db8::1]:4000>[2001:db8:9::9]:53'))).toBe('NEW FORWARD UNKNOWN nat:POSTROUTING:rule:1')
  })

  test('REDIRECT turns the way to INPUT', () => {
    const one = router(
      nat('-A PREROUTING -p udp -j REDIRECT --to-ports 5300') +
        filter('-A INPUT -p udp --dport 5300 -d 10.0.0.254 -j DROP'),
      {
        local,
        interfaces,
      },
    )
    expect(one.say(QUESTION)).toBe('NEW INPUT DROP filter:INPUT:rule:1')
  })

  test('the answer of the redirected service comes from the router, and looks like the one asked', () => {
    const one = router(nat('-A PREROUTING -p udp -j REDIRECT --to-ports 5300'), { local, interfaces })
    expect(one.say(QUESTION)).toBe('NEW INPUT ACCEPT')
    expect(one.answers).toBe('10.0.0.254:5300>10.0.0.1:4000')
    // Captured before NAT changes it back, as the service sent it.
    expect(one.say(udp('10.0.0.254:5300>10.0.0.1:4000'))).toBe('ESTABLISHED/reply OUTPUT ACCEPT')
  })

  test('REDIRECT without a known address is UNKNOWN, and takes INPUT', () => {
    const one = router(nat('-A PREROUTING -p udp -j REDIRECT'))
    expect(one.say(QUESTION)).toBe('NEW INPUT UNKNOWN nat:PREROUTING:rule:1')
    expect(one.outcome.unknownText).toBe('the address of the incoming interface is not known; name it by --local')
  })

  test('DNAT to an address of the router takes INPUT', () => {
    const one = router(nat('-A PREROUTING -j DNAT --to-destination 10.0.0.254'), { local })
    expect(one.say(QUESTION)).toBe('NEW INPUT ACCEPT')
  })

  test('DNAT away from the router takes FORWARD: a port forwarded', () => {
    const one = router(nat('-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.7:80'), { local })
    expect(one.say(tcp('198.51.100.9:4000>203.0.113.5:8080', 'S'))).toBe('NEW FORWARD ACCEPT')
    // On the inner side.
    expect(one.say(tcp('10.0.0.7:80>198.51.100.9:4000', 'SA', { ack: 1 }))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
  })

  test('DNAT to where routing refuses leaves no connection', () => {
    const one = router(nat('-A PREROUTING -j DNAT --to-destination 127.0.0.1'))
    expect(one.say(QUESTION)).toBe('NEW not-routed')
    expect(one.live).toBe(0)
  })
})

describe('IPv6: of the addresses of an interface the one that reaches as far as the destination (asked of Linux 6.18)', () => {
  const interfaces = [
    { name: 'lan', networks: ['2001:db8::/64'] },
    { name: 'wan', networks: ['::/0'] },
  ]
  const redirecting = (local: string[]): Replaying =>
    new Replaying({ local, interfaces, rules6: nat('-A PREROUTING -p udp -j REDIRECT --to-ports 5300') })

  test.each([
    ['fe80::1', 'ff02::1', 'fe80::fe'],
    ['2001:db8::1', 'ff02::2', 'fe80::fe'],
    ['2001:db8::1', 'fe80::fe', 'fe80::fe'],
    ['2001:db8::1', '2001:db8:9::9', '2001:db8::fe'],
    ['2001:db8::1', 'fec0::9', 'fec0::fe'],
    ['2001:db8::1', 'ff05::2', 'fec0::fe'],
    ['2001:db8::1', 'ff0e::2', '2001:db8::fe'],
  ])('REDIRECT, %s to %s: %s', (from, to, own) => {
    const one = redirecting(['fe80::fe', 'fec0::fe', '2001:db8::fe'])
    expect(one.say(udp(`[${from}]:4000>[${to}]:53`))).toBe('NEW INPUT ACCEPT')
    expect(one.answers).toBe(`[${own}]:5300>[${from}]:4000`)
  })

  test('REDIRECT where no address reaches as far is UNKNOWN: the kernel would drop', () => {
    const one = redirecting(['2001:db8::fe'])
    expect(one.say(udp('[2001:db8::1]:4000>[fe80::fe]:53'))).toBe('NEW INPUT UNKNOWN nat:PREROUTING:rule:1')
    expect(one.outcome.unknownText).toBe(
      'the link-local address of the incoming interface is not known; name it by --local',
    )
    expect(one.outcome.possibleVerdicts).toBe((1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP))
  })

  test('REDIRECT of what goes further takes what there is', () => {
    const one = redirecting(['fe80::fe'])
    one.say(udp('[2001:db8::1]:4000>[2001:db8:9::9]:53'))
    expect(one.answers).toBe('[fe80::fe]:5300>[2001:db8::1]:4000')
  })

  test('MASQUERADE takes a global address before a link-local one', () => {
    const one = new Replaying({
      local: ['fe80::c', '2001:db8:7::c', '2001:db8::fe'],
      interfaces,
      rules6: nat('-A POSTROUTING -j MASQUERADE'),
    })
    one.say(udp('[2001:db8::1]:4000>[2001:db8:9::9]:53'))
    expect(one.answers).toBe('[2001:db8:9::9]:53>[2001:db8:7::c]:4000')
  })
})

test.each([
  ['2001:db8::7', '2001:db8::7'],
  ['::1', '::1'],
])('MASQUERADE of what the machine sends itself to %s takes that very address (asked of Linux 6.18)', (to, source) => {
  const rules6 = nat(`-A OUTPUT -p udp -j DNAT --to-destination ${to}`, '-A POSTROUTING -j MASQUERADE')
  const host = new Replaying({ mode: 'host', local: ['2001:db8::7/64'], rules6 })
  host.say(udp('[2001:db8::7]:1>[2001:db8:9::9]:2'))
  expect(host.answers).toBe(`[${to}]:2>[${source}]:1`)
})
