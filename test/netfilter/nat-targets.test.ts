import { describe, expect, test } from 'vitest'
import { datagram, icmp, udp } from '../support/packets.ts'
import { Replaying } from './replaying.ts'
import { answersTo, nat, QUESTION, router } from './translating.ts'

describe('where translations lead', () => {
  test.each([
    ['SNAT', '-A POSTROUTING -j SNAT --to-source 198.51.100.1', '10.9.9.9:53>198.51.100.1:4000'],
    ['SNAT with a port', '-A POSTROUTING -p udp -j SNAT --to-source 198.51.100.1:99', '10.9.9.9:53>198.51.100.1:99'],
    ['SNAT to ports', '-A POSTROUTING -p udp -j SNAT --to-source :99', '10.9.9.9:53>10.0.0.1:99'],
    ['SNAT to what it is', '-A POSTROUTING -j SNAT --to-source 10.0.0.1', '10.9.9.9:53>10.0.0.1:4000'],
    ['DNAT', '-A PREROUTING -j DNAT --to-destination 10.99.0.1', '10.99.0.1:53>10.0.0.1:4000'],
    [
      'DNAT with a port',
      '-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:5353',
      '10.99.0.1:5353>10.0.0.1:4000',
    ],
    ['DNAT to a port', '-A PREROUTING -p udp -j DNAT --to-destination :5353', '10.9.9.9:5353>10.0.0.1:4000'],
    ['DNAT to ports', '-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:60-70', '10.99.0.1:60>10.0.0.1:4000'],
    ['DNAT to ports that hold it', '-A PREROUTING -p udp -j DNAT --to-destination :50-60', '10.9.9.9:53>10.0.0.1:4000'],
    ['NETMAP of destinations', '-A PREROUTING -j NETMAP --to 10.99.0.0/16', '10.99.9.9:53>10.0.0.1:4000'],
    ['NETMAP of sources', '-A POSTROUTING -j NETMAP --to 172.16.5.0/24', '10.9.9.9:53>172.16.5.1:4000'],
    ['NETMAP to one address', '-A POSTROUTING -j NETMAP --to 172.16.5.4', '10.9.9.9:53>172.16.5.4:4000'],
    [
      'a rule that does not match',
      '-A POSTROUTING -p tcp -j SNAT --to-source 198.51.100.1',
      '10.9.9.9:53>10.0.0.1:4000',
    ],
    [
      'ACCEPT before it',
      '-A POSTROUTING -j ACCEPT\n-A POSTROUTING -j SNAT --to-source 1.1.1.1',
      '10.9.9.9:53>10.0.0.1:4000',
    ],
    ['no rule at all', '', '10.9.9.9:53>10.0.0.1:4000'],
  ])('%s', (_, rule, answers) => {
    expect(answersTo(router(nat(...(rule === '' ? [] : [rule]))), [QUESTION])).toEqual([answers])
  })

  // oracle: fuzzing of firewalls. The kernel wants to write to 8 bytes of the header, and knows versions 0 and 1.
  test('GRE that is too short or of an unknown version to be translated is dropped', () => {
    const rules = nat('-A PREROUTING -d 10.9.0.0/16 -j DNAT --to-destination 10.99.0.1')
    const gre = (bytes: number, version = 0, to = '10.9.9.9') =>
      router(rules).say(datagram(`10.0.0.1>${to}`, 47, [0, version, ...Array<number>(bytes - 2).fill(0)]))
    expect([gre(7), gre(8), gre(8, 2)]).toEqual([
      'NEW DROP nat:PREROUTING:rule:1',
      'NEW FORWARD ACCEPT',
      'NEW DROP nat:PREROUTING:rule:1',
    ])
    expect([gre(2, 0, '10.7.7.7'), gre(8, 2, '10.7.7.7')]).toEqual(['NEW FORWARD ACCEPT', 'NEW FORWARD ACCEPT'])
    const source = router(nat('-A POSTROUTING -j SNAT --to-source 10.99.0.1'))
    expect(source.say(datagram('10.0.0.1>10.9.9.9', 47, [0, 2, 0, 0, 0, 0, 0, 0]))).toBe('NEW FORWARD ACCEPT')
  })

  test('source and destination are translated at once', () => {
    const rules = nat(
      '-A PREROUTING -j DNAT --to-destination 10.99.0.1',
      '-A POSTROUTING -j SNAT --to-source 198.51.100.1',
    )
    expect(answersTo(router(rules), [QUESTION])).toEqual(['10.99.0.1:53>198.51.100.1:4000'])
  })

  test('a shifted port keeps its place, and wraps where it has none (as Linux 6.18 does)', () => {
    const rules = nat('-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:5000-5010/53')
    const packets = [53, 54, 63, 64, 52, 1000].map((port) => udp(`10.0.0.1:4000>10.9.9.9:${port}`))
    const ports = answersTo(router(rules), packets).map((answers) => /:(\d+)>/.exec(answers)?.[1])
    expect(ports).toEqual(['5000', '5001', '5010', '5002', '5008', '5003'])
  })

  test('ICMP: the identifier is the port', () => {
    const rules = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1')
    const one = router(rules)
    one.say(icmp('10.0.0.1>10.9.9.9', 8, 0, { id: 7 }))
    one.say(icmp('10.0.0.2>10.9.9.9', 8, 0, { id: 7 }))
    expect(one.machine.journey.nat.binder.portsChosen).toBe(1)
    expect(one.say(icmp('10.9.9.9>198.51.100.1', 0, 0, { id: 7 }))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
  })

  test('IPv6: source and destination are translated, and back again for replies', () => {
    const one = new Replaying({
      rules6: nat(
        '-A PREROUTING -j DNAT --to-destination 2001:db8:99::1',
        '-A POSTROUTING -j SNAT --to-source 2001:db8:5::1',
      ),
    })
    expect(answersTo(one, [udp('[2001:db8::1]:4000>[2001:db8:9::9]:53')])).toEqual([
      '[2001:db8:99::1]:53>[2001:db8:5::1]:4000',
    ])
    expect(one.say(udp('[2001:db8:99::1]:53>[2001:db8:5::1]:4000'))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
  })

  test('IPv6 NETMAP', () => {
    const one = new Replaying({ rules6: nat('-A PREROUTING -j NETMAP --to 2001:db8:99::/48') })
    expect(answersTo(one, [udp('[2001:db8::1]:4000>[2001:db8:9:8::7]:53')])).toEqual([
      '[2001:db8:99:8::7]:53>[2001:db8::1]:4000',
    ])
  })
})
