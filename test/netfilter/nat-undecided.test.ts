import { describe, expect, test } from 'vitest'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../../src/ruleset/packet/rule-packet.ts'
import { mss, tcp, udp } from '../support/packets.ts'
import { Replaying, table } from './replaying.ts'
import { filter, nat, QUESTION, router } from './translating.ts'

const INTERFACE_MISSING = 'the incoming interface is not known; name it with --iface or --in-iface'

/** Of connections whose source may be translated. */
const unsureOf = ({ machine }: Replaying) => machine.journey.nat.unsureSources

describe('whether the destination is translated cannot be decided', () => {
  const rules = nat('-A PREROUTING -i wan -p udp --dport 53 -j DNAT --to-destination 10.7.7.7')

  test('the packet is UNKNOWN, and says by which rule and for lack of what', () => {
    const one = router(rules)
    expect(one.say(QUESTION)).toBe('NEW UNKNOWN nat:PREROUTING:rule:1')
    expect(one.outcome.unknownText).toBe(INTERFACE_MISSING)
    expect(one.outcome.possibleVerdicts).toBe((1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP))
  })

  test('for lack of a network that the address is in, where others were given', () => {
    const one = router(rules, { interfaces: [{ name: 'lan', networks: ['192.168.0.0/16'] }] })
    expect(one.say(QUESTION)).toBe('NEW UNKNOWN nat:PREROUTING:rule:1')
    expect(one.outcome.unknownText).toBe(
      'its source address is behind none of the networks of --iface; add one, or 0.0.0.0/0',
    )
  })

  test('no later rule says more, since it may see another destination, at another hook', () => {
    const one = router(rules + filter('-P FORWARD DROP'))
    expect(one.say(QUESTION)).toBe('NEW UNKNOWN nat:PREROUTING:rule:1')
    expect(one.say(udp('10.0.0.1:4000>10.9.9.9:54'))).toBe('NEW FORWARD DROP filter:FORWARD:policy:1')
  })

  test('later packets of the connection rest on it', () => {
    const one = router(rules)
    one.say(QUESTION)
    expect(one.say(udp('10.9.9.9:53>10.0.0.1:4000'))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
    expect(one.outcome.assumesFrame).toBe(1)
  })

  test('the nat table is not asked about the connection again', () => {
    const one = router(rules + filter())
    for (let again = 0; again < 3; again++) one.say(QUESTION)
    const asked = one.ruleset4?.rules.filter(({ table }) => table === 'nat').map(({ id }) => one.ruleset4?.packets(id))
    expect(asked).toEqual([0, 0, 0, 0, 0])
  })

  test('of packets that the machine sends, too: the owner of a socket is not in a capture', () => {
    const one = new Replaying({
      rules:
        nat('-A OUTPUT -m owner --uid-owner 107 -j RETURN', '-A OUTPUT -p tcp --syn -j REDIRECT --to-ports 9040') +
        filter('-P OUTPUT DROP'),
      mode: 'host',
      local: ['10.0.0.1'],
    })
    expect(one.say(tcp('10.0.0.1:4000>10.9.9.9:80', 'S'))).toBe('NEW OUTPUT UNKNOWN nat:OUTPUT:rule:1')
  })

  test('an interface that is named decides it', () => {
    const one = router(rules, { interfaces: [{ name: 'wan', networks: ['0.0.0.0/0'] }] })
    expect(one.say(QUESTION)).toBe('NEW FORWARD ACCEPT')
    expect(one.answers).toBe('10.7.7.7:53>10.0.0.1:4000')
  })

  test('so does --assume', () => {
    const one = router(rules, { assume: { 'in-interface': false } })
    expect(one.say(QUESTION)).toBe('NEW FORWARD ACCEPT')
    expect(one.answers).toBe('10.9.9.9:53>10.0.0.1:4000')
  })
})

describe('an open question that makes no difference is none', () => {
  test('all that is possible translates alike', () => {
    const one = router(
      nat('-A PREROUTING -i wan -j DNAT --to-destination 10.7.7.7', '-A PREROUTING -j DNAT --to-destination 10.7.7.7'),
    )
    expect(one.say(QUESTION)).toBe('NEW FORWARD ACCEPT')
    expect(one.answers).toBe('10.7.7.7:53>10.0.0.1:4000')
  })

  test('all that is possible translates nothing', () => {
    const one = router(nat('-A PREROUTING -i wan -j ACCEPT', '-A PREROUTING -i lan -j RETURN'))
    expect(one.say(QUESTION)).toBe('NEW FORWARD ACCEPT')
  })

  test('two ways to translate are none alike', () => {
    const one = router(
      nat('-A PREROUTING -i wan -j DNAT --to-destination 10.7.7.7', '-A PREROUTING -j DNAT --to-destination 10.7.7.8'),
    )
    expect(one.say(QUESTION)).toBe('NEW UNKNOWN nat:PREROUTING:rule:1')
  })
})

describe('whether the source is translated cannot be decided', () => {
  const rules = nat('-A POSTROUTING -o wan -j SNAT --to-source 203.0.113.5')

  test('the packet passes all the same, and its connection is counted', () => {
    const one = router(rules)
    expect(one.say(QUESTION)).toBe('NEW FORWARD ACCEPT')
    expect(unsureOf(one)).toMatchObject({
      count: 1,
      first:
        'nat POSTROUTING rule 1 (line 6): the outgoing interface is not known; name it with --iface or --out-iface',
    })
  })

  test('for lack of a network that the destination is in', () => {
    const one = router(rules, { interfaces: [{ name: 'lan', networks: ['10.0.0.0/24'] }] })
    one.say(QUESTION)
    expect(unsureOf(one).first).toBe(
      'nat POSTROUTING rule 1 (line 6): its destination address is behind none of the networks of --iface; add one, or 0.0.0.0/0',
    )
  })

  test('so is each that is alike, and no answer', () => {
    const one = router(rules)
    for (const port of [4000, 4001, 4002]) {
      one.say(udp(`10.0.0.1:${port}>10.9.9.9:53`))
      expect(one.say(udp(`10.9.9.9:53>10.0.0.1:${port}`))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
    }
    expect(unsureOf(one).count).toBe(3)
  })

  test('by an MSS that depends on the MTU of a route', () => {
    const syn = '-A POSTROUTING -p tcp --syn'
    const one = router(
      table('mangle', '-A FORWARD -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu') +
        nat(`${syn} -m tcpmss --mss 1:1400 -j SNAT --to-source 203.0.113.5`),
    )
    expect(one.say(tcp('10.0.0.1:4000>10.9.9.9:80', 'S', { options: [mss(1460)] }))).toBe('NEW FORWARD ACCEPT')
    expect(unsureOf(one).first).toMatch(/^nat POSTROUTING rule 1 \(line \d+\): the capture cut .* or a rule changed/)
  })
})
