import { describe, expect, test } from 'vitest'
import { datagram, tcp, udp } from '../support/packets.ts'
import { Replaying, table } from './replaying.ts'
import { answersTo, nat, QUESTION, router } from './translating.ts'

const SNAT = nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1')

/** What became of the last packet, with the reason where it was dropped. */
function sayAll(one: Replaying, packets: readonly Uint8Array[]): string[] {
  return packets.map((packet) => `${one.say(packet)}${one.reason === null ? '' : ` (${one.reason})`}`)
}

describe('ports that run out (Linux 6.18)', () => {
  const two = nat('-A POSTROUTING -p udp -j SNAT --to-source 198.51.100.1:5000-5001')
  const clients = [1, 2, 3].map((client) => udp(`10.0.0.${client}:4000>10.9.9.9:53`))

  test('the one too many is dropped when it is to be confirmed', () => {
    const one = router(two)
    expect(clients.map((packet) => one.say(packet))).toEqual([
      'NEW FORWARD ACCEPT',
      'NEW FORWARD ACCEPT',
      'NEW FORWARD DROP',
    ])
    expect(one.reason).toBe(
      'the connection is not accepted: answers to it would belong to another one, and NAT found no free port',
    )
    expect(one.live).toBe(2)
  })

  test('each connection to somebody else has them all', () => {
    const one = router(two)
    const elsewhere = clients.map((_, i) => udp(`10.0.0.${i + 1}:4000>10.9.9.${i}:53`))
    expect(elsewhere.map((packet) => one.say(packet))).toEqual(Array(3).fill('NEW FORWARD ACCEPT'))
  })

  test('and they are free again when a connection is over', () => {
    const one = router(two)
    for (const packet of clients) one.say(packet)
    expect(one.wait(31).say(clients[2])).toBe('NEW FORWARD ACCEPT')
  })

  test('a protocol without ports has one place', () => {
    const one = router(SNAT)
    const said = [1, 2].map((client) => one.say(datagram(`10.0.0.${client}>10.9.9.9`, 89, new Uint8Array(8))))
    expect(said).toEqual(['NEW FORWARD ACCEPT', 'NEW FORWARD DROP'])
  })

  test('without a nat table, two zones whose answers share one', () => {
    const raw = table('raw', '-A PREROUTING -m length --length 29 -j CT --zone-orig 5')
    const one = new Replaying({ rules: raw })
    const said = sayAll(one, [QUESTION, udp('10.0.0.1:4000>10.9.9.9:53', { data: 'longer' })])
    expect(said[0]).toBe('NEW FORWARD ACCEPT')
    expect(said[1]).toContain('NEW FORWARD DROP')
    expect(one.machine.tracker.finding.reason).toBeGreaterThan(0)
  })
})

// oracle: random combinations of -j CT with a helper and a zone
test.each(['--zone 1', '--zone-orig 1', '--zone-reply 1'])('an announced connection is met with %s', (zone) => {
  const one = router(table('raw', `-A PREROUTING -p udp -j CT --helper tftp ${zone}`))
  const read = udp('10.0.0.1:4000>10.9.9.9:69', { data: '\u0000\u0001a\u0000octet\u0000' })
  expect(one.sayAll([read, udp('10.9.9.9:7000>10.0.0.1:4000', { data: 20 })])).toEqual([
    'NEW FORWARD ACCEPT',
    'RELATED FORWARD ACCEPT',
  ])
})

// oracle: translation.test.ts, a zone for one direction
describe('zones for one direction', () => {
  test('a port that another connection has in the other direction is free', () => {
    const rules = table('raw', '-A OUTPUT -j CT --zone-orig 2') + nat('-A INPUT -j SNAT --to-source 192.0.2.1')
    const one = new Replaying({ mode: 'host', local: ['10.0.0.1'], rules })
    one.say(udp('10.9.9.9:1000>10.0.0.1:53'))
    expect(one.say(udp('10.0.0.1:53>10.9.9.9:1000'))).toBe('NEW OUTPUT ACCEPT')
    expect(one.live).toBe(2)
    // Both have the tuple in zone 0, for no port was moved: the newer gets the packet.
    expect(one.say(udp('10.9.9.9:1000>10.0.0.1:53'))).toBe('ESTABLISHED/reply INPUT ACCEPT')
  })

  test('UDP that opens the other direction is refused, of TCP a port is moved', () => {
    const rules = table('raw', '-A PREROUTING -j CT --zone-reply 3') + nat('-A POSTROUTING -j ACCEPT')
    const one = new Replaying({ mode: 'host', local: ['10.0.0.1'], rules })
    const opposite = [udp('10.9.9.9:1000>10.0.0.1:53'), udp('10.0.0.1:53>10.9.9.9:1000')]
    expect(opposite.map((packet) => one.say(packet).split(' ')[2])).toEqual(['ACCEPT', 'DROP'])
    const syns = [tcp('10.9.9.9:1000>10.0.0.1:80', 'S'), tcp('10.0.0.1:80>10.9.9.9:1000', 'S')]
    expect(syns.map((packet) => one.say(packet).split(' ')[2])).toEqual(['ACCEPT', 'ACCEPT'])
  })
})

describe('closed connections of TCP', () => {
  const one = nat('-A POSTROUTING -p tcp -j SNAT --to-source 198.51.100.1:5000-5001')
  const closed = (client: number) => [
    tcp(`10.0.0.${client}:4000>10.9.9.9:80`, 'S', { seq: 100 }),
    tcp('10.9.9.9:80>198.51.100.1:5000', 'SA', { seq: 900, ack: 101 }),
    tcp(`10.0.0.${client}:4000>10.9.9.9:80`, 'A', { seq: 101, ack: 901 }),
    tcp(`10.0.0.${client}:4000>10.9.9.9:80`, 'R', { seq: 101, ack: 901 }),
  ]
  const fixed = nat('-A POSTROUTING -p tcp -j SNAT --to-source 198.51.100.1:5000')

  test('give way to a new one that is past their sequence numbers', () => {
    const machine = router(one)
    for (const packet of closed(1)) machine.say(packet)
    machine.say(tcp('10.0.0.2:4000>10.9.9.9:80', 'S', { seq: 100 }))
    expect(machine.say(tcp('10.0.0.3:4000>10.9.9.9:80', 'S', { seq: 5000 }))).toBe('NEW FORWARD ACCEPT')
    expect(machine.live).toBe(2)
  })

  test('do not to one that is before them', () => {
    const machine = router(one)
    for (const packet of closed(1)) machine.say(packet)
    machine.say(tcp('10.0.0.2:4000>10.9.9.9:80', 'S', { seq: 100 }))
    expect(machine.say(tcp('10.0.0.3:4000>10.9.9.9:80', 'S', { seq: 50 }))).toBe('NEW FORWARD DROP')
  })

  test('nor where the rule names a single port, which is taken unseen', () => {
    const machine = router(fixed)
    for (const packet of closed(1)) machine.say(packet)
    expect(machine.say(tcp('10.0.0.3:4000>10.9.9.9:80', 'S', { seq: 5000 }))).toBe('NEW FORWARD ACCEPT')
  })
})

describe('ports at random', () => {
  test.each([
    ['--random', '-A POSTROUTING -j SNAT --to-source 198.51.100.1 --random'],
    ['--random-fully', '-A POSTROUTING -j SNAT --to-source 198.51.100.1 --random-fully'],
  ])('%s: not the one that is there, although it is free', (_, rule) => {
    const one = router(nat(rule))
    const ports = answersTo(one, [QUESTION, udp('10.0.0.1:4000>10.9.9.8:53')])
    expect(ports[0]).toMatch(/^10\.9\.9\.9:53>198\.51\.100\.1:\d+$/)
    expect(one.machine.journey.nat.binder.portsChosen).toBe(2)
  })

  test('what stands for them takes no neighbours: the lowest are those of clients that have just started', () => {
    const one = router(SNAT)
    const clients = [1, 2, 3, 4].map((client) => udp(`10.0.0.${client}:4000>10.9.9.9:53`))
    const others = [1024, 1025, 1026].map((port) => udp(`10.0.0.9:${port}>10.9.9.9:53`))
    const ports = answersTo(one, [...clients, ...others]).map((answer) => Number(answer.split(':').at(-1)))
    expect([ports[0], ...ports.slice(4)]).toEqual([4000, 1024, 1025, 1026])
    expect(new Set(ports).size).toBe(7)
  })

  test('a destination without ports in its rule keeps its own', () => {
    const one = router(nat('-A PREROUTING -j DNAT --to-destination 10.99.0.1 --random'))
    expect(answersTo(one, [QUESTION])).toEqual(['10.99.0.1:53>10.0.0.1:4000'])
  })
})
