import { describe, expect, test } from 'vitest'
import { datagram, sctp, tcp, udp } from '../support/packets.ts'
import { table } from './replaying.ts'
import { filter, nat, QUESTION, router } from './translating.ts'

describe('what rules see', () => {
  const dnat = nat('-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:5353')
  const ANSWER = udp('10.99.0.1:5353>10.0.0.1:4000')

  test.each([
    ['-A FORWARD -d 10.99.0.1 -p udp --dport 5353 -j DROP', 'the new destination'],
    ['-A FORWARD -m conntrack --ctorigdst 10.9.9.9 --ctorigdstport 53 -j DROP', 'the one before, of the connection'],
    ['-A FORWARD -m conntrack --ctstate DNAT -j DROP', 'that it is DNATed'],
    ['-A FORWARD -m conntrack --ctreplsrc 10.99.0.1 -j DROP', 'who will answer'],
  ])('%s: %s', (rule) => {
    expect(router(dnat + filter(rule)).say(QUESTION)).toBe('NEW FORWARD DROP filter:FORWARD:rule:1')
  })

  test('raw and mangle of PREROUTING still see the old one', () => {
    expect(router(dnat + table('raw', '-A PREROUTING -d 10.9.9.9 -j DROP')).say(QUESTION)).toContain(
      'DROP raw:PREROUTING',
    )
    const mangle = table('mangle', '-A PREROUTING -d 10.9.9.9 -j DROP')
    expect(router(dnat + mangle).say(QUESTION)).toContain('DROP mangle:PREROUTING:rule:1')
  })

  test('an answer looks to FORWARD as its sender sent it, after DNAT', () => {
    const one = router(dnat + filter('-A FORWARD -s 10.99.0.1 -p udp --sport 5353 -j DROP'))
    one.say(QUESTION)
    expect(one.say(ANSWER)).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
  })

  test('an answer is changed back to its client before FORWARD, after SNAT', () => {
    const snat = nat('-A POSTROUTING -s 10.0.0.0/8 -j SNAT --to-source 198.51.100.1')
    const one = router(snat + filter('-A FORWARD -d 10.0.0.1 -p udp --dport 4000 -j DROP'))
    one.say(QUESTION)
    expect(one.say(udp('10.9.9.9:53>198.51.100.1:4000'))).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
  })

  test('of DCCP the ports as sent: the tracker knows none', () => {
    const rules =
      nat('-A PREROUTING -j DNAT --to-destination 10.99.0.1') + filter('-A FORWARD -p dccp --dport 80 -j DROP')
    const request = datagram('10.0.0.1>10.9.9.9', 33, [0, 1, 0, 80, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    expect(router(rules).say(request)).toBe('NEW FORWARD DROP filter:FORWARD:rule:1')
  })

  test('POSTROUTING mangle sees the source before SNAT', () => {
    const snat = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1')
    const one = router(snat + table('mangle', '-A POSTROUTING -s 10.0.0.1 -j DROP'))
    expect(one.say(QUESTION)).toBe('NEW FORWARD DROP mangle:POSTROUTING:rule:1')
  })

  test('the destination decides on the way out', () => {
    const one = router(dnat + filter('-A FORWARD -o dmz -j DROP'), {
      interfaces: [
        { name: 'wan', networks: ['0.0.0.0/0'] },
        { name: 'dmz', networks: ['10.99.0.0/16'] },
      ],
    })
    expect(one.say(QUESTION)).toBe('NEW FORWARD DROP filter:FORWARD:rule:1')
  })

  test('SCTP ports are translated, too', () => {
    const rules =
      nat('-A PREROUTING -p sctp -j DNAT --to-destination 10.99.0.1:7000') +
      filter('-A FORWARD -p sctp --dport 7000 -j DROP')
    const init = Uint8Array.of(1, 0, 0, 20, 0, 0, 0, 5, 0, 0, 4, 0, 0, 1, 0, 1, 0, 0, 0, 1)
    expect(router(rules).say(sctp('10.0.0.1:4000>10.9.9.9:2000', [init]))).toBe(
      'NEW FORWARD DROP filter:FORWARD:rule:1',
    )
  })

  test('an INVALID packet goes as it came', () => {
    const one = router(dnat + filter('-A FORWARD -d 10.9.9.9 -j DROP'))
    expect(one.say(tcp('10.0.0.1:4000>10.9.9.9:53', 'SF'))).toBe('INVALID FORWARD DROP filter:FORWARD:rule:1')
  })

  test('an UNTRACKED packet goes as it came', () => {
    const one = router(dnat + table('raw', '-A PREROUTING -j NOTRACK') + filter('-A FORWARD -d 10.9.9.9 -j DROP'))
    expect(one.say(QUESTION)).toBe('UNTRACKED FORWARD DROP filter:FORWARD:rule:1')
  })

  test('the first packet binds: what the rules would say later does not matter', () => {
    const once = nat('-A PREROUTING -p udp -m length --length 29 -j DNAT --to-destination 10.99.0.1')
    const one = router(once + filter('-A FORWARD -d 10.99.0.1 -j DROP'))
    one.say(udp('10.0.0.1:4000>10.9.9.9:53', { data: 'long' }))
    expect(one.say(QUESTION)).toBe('NEW FORWARD ACCEPT filter:FORWARD:policy:2')
  })
})
