import { describe, expect, test } from 'vitest'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../../src/ruleset/rule-packet.ts'
import { datagram, icmp, icmpv6, sctp, tcp, udp } from '../support/packets.ts'
import { Replaying, type Setting, table } from './replaying.ts'

const nat = (...rules: string[]) => table('nat', ...rules)
const filter = (...rules: string[]) => table('filter', ...rules)

/** A router with these nat rules, and whatever else is asked for. */
const router = (rules: string, more: Setting = {}) => new Replaying({ rules, ...more })

/** The tuple of the answers to each packet, which opens a connection. */
function answersTo(one: Replaying, packets: readonly Uint8Array[]): string[] {
  return packets.map((packet) => {
    one.say(packet)
    return one.answers
  })
}

const QUESTION = udp('10.0.0.1:4000>10.9.9.9:53')

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

  test('both parts at once', () => {
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

  test('IPv6', () => {
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

describe('one tuple, one connection', () => {
  const snat = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1')
  const range = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1-198.51.100.77')

  test('two clients with one port: the second gets another', () => {
    const answers = answersTo(router(snat), [QUESTION, udp('10.0.0.2:4000>10.9.9.9:53')])
    expect(answers[0]).toBe('10.9.9.9:53>198.51.100.1:4000')
    expect(answers[1]).toMatch(/^10\.9\.9\.9:53>198\.51\.100\.1:\d+$/)
    expect(answers[1]).not.toBe(answers[0])
  })

  test.each([
    [123, 1, 511],
    [700, 600, 1023],
    [4000, 1024, 65535],
  ])('another than %i lies between %i and %i', (port, low, high) => {
    const packets = [1, 2, 3].map((client) => udp(`10.0.0.${client}:${port}>10.9.9.9:123`))
    const ports = answersTo(router(snat), packets).map((answers) => Number(answers.split(':').at(-1)))
    expect(ports[0]).toBe(port)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(low)
    expect(Math.max(...ports)).toBeLessThanOrEqual(high)
    expect(new Set(ports).size).toBe(3)
  })

  test('more clients than the kernel tries ports', () => {
    const packets = Array.from({ length: 250 }, (_, i) => udp(`10.0.1.${i}:123>10.9.9.9:123`))
    expect(new Set(answersTo(router(snat), packets)).size).toBe(250)
  })

  test('each answer finds its own client', () => {
    const one = router(snat + filter('-A FORWARD -d 10.0.0.2 -j DROP'))
    one.say(QUESTION)
    one.say(udp('10.0.0.2:4000>10.9.9.9:53'))
    const [answer, path] = one.answers.split('>')
    expect(one.say(udp('10.9.9.9:53>198.51.100.1:4000'))).toContain('ESTABLISHED/reply FORWARD ACCEPT')
    expect(one.say(udp(`${answer}>${path}`))).toBe('ESTABLISHED/reply FORWARD DROP filter:FORWARD:rule:1')
  })

  test('an expired connection does not hold its port', () => {
    const one = router(snat)
    one.say(QUESTION)
    one.wait(31).say(udp('10.0.0.2:4000>10.9.9.9:53'))
    expect(one.answers).toBe('10.9.9.9:53>198.51.100.1:4000')
  })

  test('nor does a dropped one', () => {
    const one = router(snat + table('mangle', '-A POSTROUTING -s 10.0.0.1 -j DROP'))
    one.say(QUESTION)
    one.say(udp('10.0.0.2:4000>10.9.9.9:53'))
    expect(one.answers).toBe('10.9.9.9:53>198.51.100.1:4000')
  })

  test('DNAT of two destinations to one: the source port gives way (Linux 6.18)', () => {
    const rules = nat('-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1')
    const answers = answersTo(router(rules), [QUESTION, udp('10.0.0.1:4000>10.9.9.8:53')])
    expect(answers[0]).toBe('10.99.0.1:53>10.0.0.1:4000')
    expect(answers[1]).toMatch(/^10\.99\.0\.1:53>10\.0\.0\.1:\d+$/)
    expect(answers[1]).not.toBe(answers[0])
  })

  test.each([
    ['UDP', (to: string) => udp(`10.0.0.1:4000>${to}:53`)],
    ['TCP', (to: string) => tcp(`10.0.0.1:4000>${to}:53`, 'S')],
    ['ICMP', (to: string) => icmp(`10.0.0.1>${to}`, 8, 0, { id: 9 })],
  ])('one source keeps its address out of a range, wherever it goes: %s (Linux 6.18)', (_, packet) => {
    const one = router(range)
    for (const to of ['10.9.9.9', '10.9.9.10', '10.9.9.11']) {
      one.say(packet(to))
      expect(one.answers).toContain('>198.51.100.51:')
    }
  })

  test('another port of the same client does not', () => {
    const answers = answersTo(router(range), [QUESTION, udp('10.0.0.1:4001>10.9.9.10:53')])
    expect(answers[1]).toBe('10.9.9.10:53>198.51.100.38:4001')
  })

  test('one source keeps a port that was chosen for it (Linux 6.18)', () => {
    const one = router(snat)
    const [, chosen, elsewhere] = answersTo(one, [
      QUESTION,
      udp('10.0.0.2:4000>10.9.9.9:53'),
      udp('10.0.0.2:4000>10.9.9.8:53'),
    ])
    expect(elsewhere.split('>')[1]).toBe(chosen.split('>')[1])
  })

  test('but not when its connections are over', () => {
    const one = router(range)
    one.say(QUESTION)
    one.wait(31).say(udp('10.0.0.1:4000>10.9.9.10:53'))
    expect(one.answers).toBe('10.9.9.10:53>198.51.100.38:4000')
  })
})

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

  test('a redirect of a translated connection is dropped', () => {
    const one = router(dnat)
    one.say(QUESTION)
    const said = one.say(icmp('10.99.0.254>10.0.0.1', 5, 1, { rest: [10, 99, 0, 9], data: translated }))
    expect(said).toContain('DROP')
    expect(one.reason).not.toBeNull()
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
