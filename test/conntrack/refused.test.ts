import { describe, expect, it } from 'vitest'
import { ANY_PORT, EXPECT_ADDED } from '../../src/conntrack/expectations.ts'
import { IP_V4 } from '../../src/wire/packet-fields.ts'
import { be16, datagram, icmp, tcp, udp } from '../support/packets.ts'
import { Tracking } from './tracking.ts'

const MASTER = '10.0.0.1:2000>10.0.0.9:69'
const ANNOUNCED = '10.0.0.9:3000>10.0.0.1:2000'

/** A connection to 10.0.0.9 that has announced one from there: any port of it to port 2000 of 10.0.0.1. */
function announcing(protocol: number): Tracking {
  const tracking = new Tracking()
  tracking.say(udp(MASTER))
  const { current } = tracking.tracker
  const announced = {
    family: IP_V4,
    protocol,
    zone: 0,
    source: [0x0a000009],
    sourcePort: ANY_PORT,
    destination: [0x0a000001],
    destinationPort: 2000,
    policy: 0,
    helper: null,
    permanent: false,
    announcedBy: 0,
    direction: 1,
    follow: null,
  }
  const policy = { maxExpected: 1, timeoutSeconds: 300 }
  expect(current.expectations.add(announced, policy, current.id, 0)).toBe(EXPECT_ADDED)
  return tracking
}

// oracle: test/kernel/refused.test.ts
describe('an announced connection', () => {
  it('is RELATED', () => {
    expect(announcing(17).say(udp(ANNOUNCED))).toBe('RELATED')
    expect(announcing(6).say(tcp(ANNOUNCED, 'S'))).toBe('RELATED')
  })

  it.each([
    ['a bad checksum', udp(ANNOUNCED, { checksum: 'bad' })],
    ['an impossible length', udp(ANNOUNCED, { length: 7 })],
    ['the ports alone', datagram(ANNOUNCED, 17, be16(3000, 2000))],
  ])('is NEW after a packet with %s, which used the announcement up', (_, broken) => {
    const tracking = announcing(17)
    expect([broken, udp(ANNOUNCED)].map((packet) => tracking.say(packet))).toEqual(['INVALID', 'NEW'])
  })

  it.each([
    ['a bad checksum', tcp(ANNOUNCED, 'S', { checksum: 'bad' })],
    ['impossible flags', tcp(ANNOUNCED, 'SF')],
    ['an impossible header length', tcp(ANNOUNCED, 'S', { dataOffset: 4 })],
    ['half a header', datagram(ANNOUNCED, 6, [...be16(3000, 2000), 0, 0, 0, 0])],
  ])('is NEW after a segment with %s', (_, broken) => {
    const tracking = announcing(6)
    expect([broken, tcp(ANNOUNCED, 'S')].map((packet) => tracking.say(packet))).toEqual(['INVALID', 'NEW'])
  })

  it('is RELATED after a packet without ports, which met nothing', () => {
    const tracking = announcing(17)
    const cut = datagram(ANNOUNCED, 17, be16(3000, 2000).slice(0, 3))
    expect([cut, udp(ANNOUNCED)].map((packet) => tracking.say(packet))).toEqual(['INVALID', 'RELATED'])
  })
})

// oracle: by hand, with nf_conntrack_max=4, which belongs to the whole machine
describe('a full table', () => {
  const full = (isAssured: boolean): Tracking => {
    const tracking = new Tracking({ nf_conntrack_max: 2 })
    for (const n of [1, 2]) {
      const [there, back] = [`10.0.0.${n}:1000>10.9.9.9:80`, `10.9.9.9:80>10.0.0.${n}:1000`]
      tracking.say(tcp(there, 'S', { seq: 1 }))
      if (isAssured) tracking.sayAll([tcp(back, 'SA', { seq: 9, ack: 2 }), tcp(there, 'A', { seq: 2, ack: 10 })])
    }
    return tracking
  }
  const refused: readonly (readonly [string, Uint8Array])[] = [
    ['UDP with a bad checksum', udp('10.0.0.9:5>10.9.9.9:53', { checksum: 'bad' })],
    ['TCP with impossible flags', tcp('10.0.0.9:5>10.9.9.9:53', 'SF')],
    ['half a TCP header', datagram('10.0.0.9:5>10.9.9.9:53', 6, be16(5, 53))],
    ['the answer to a ping that nobody sent', icmp('10.0.0.9>10.9.9.9', 0)],
  ]

  it.each(refused)('drops %s, instead of calling it INVALID', (_, packet) => {
    expect(full(true).say(packet)).toBe('TABLE FULL')
  })

  it.each(refused)('pushes out a connection for %s', (_, packet) => {
    const tracking = full(false)
    expect([tracking.say(packet), tracking.tracker.current.limit.evicted, tracking.live]).toEqual(['INVALID', 1, 1])
  })

  it.each([
    ['ICMP with a bad checksum', icmp('10.0.0.9>10.9.9.9', 8, 0, { checksum: 'bad' })],
    ['ICMP that neither asks nor answers', icmp('10.0.0.9>10.9.9.9', 9)],
    ['less than the ports', datagram('10.0.0.9:5>10.9.9.9:53', 17, [0, 5, 0])],
    ['a known connection with a bad checksum', tcp('10.0.0.1:1000>10.9.9.9:80', 'A', { checksum: 'bad' })],
  ])('does not matter to %s', (_, packet) => {
    expect(full(true).say(packet)).toBe('INVALID')
  })
})
