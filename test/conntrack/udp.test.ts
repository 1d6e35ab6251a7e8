import { describe, expect, it } from 'vitest'
import { datagram, udp, udpLite } from '../support/packets.ts'
import { Tracking } from './tracking.ts'

const there = (options = {}) => udp('10.0.0.1:1000>10.9.9.9:53', options)
const back = (options = {}) => udp('10.9.9.9:53>10.0.0.1:1000', options)

describe('UDP', () => {
  it('is NEW until it is answered, also from the client again', () => {
    const tracking = new Tracking()
    const labels = [there(), there(), back(), there()].map((one) => tracking.say(one))
    expect(labels).toEqual(['NEW', 'NEW', 'ESTABLISHED/reply', 'ESTABLISHED'])
  })

  it('lives half a minute, and two minutes once it is a stream: answered, and older than two seconds', () => {
    const tracking = new Tracking()
    tracking.say(there())
    tracking.say(back())
    expect([tracking.left, tracking.assured]).toEqual([30, false])
    tracking.wait(2).say(there())
    expect([tracking.left, tracking.assured]).toEqual([30, false])
    tracking.wait(0.001).say(there())
    expect([tracking.left, tracking.assured]).toEqual([120, true])
  })

  it('the first answer itself makes no stream, however late', () => {
    const tracking = new Tracking()
    tracking.say(there())
    tracking.wait(29).say(back())
    expect([tracking.left, tracking.assured]).toEqual([30, false])
    tracking.say(back())
    expect([tracking.left, tracking.assured]).toEqual([120, true])
  })

  it.each([
    ['0', { length: 0 }],
    ['7', { length: 7 }],
    ['one more than there is', { length: 10, data: 'x' }],
  ])('a length field of %s is INVALID', (_, options) => {
    const tracking = new Tracking()
    expect(tracking.say(there(options))).toBe('INVALID')
    expect(tracking.reason).toMatch(/UDP length impossible/)
  })

  it.each([
    ['a length shorter than the datagram', { length: 9, data: 'xyz' }],
    ['no checksum', { checksum: 0 }],
  ])('%s is fine', (_, options) => {
    expect(new Tracking({ nf_conntrack_checksum: 'length' in options ? 0 : 1 }).say(there(options))).toBe('NEW')
  })

  it('a bad checksum is INVALID, unless nf_conntrack_checksum=0', () => {
    expect(new Tracking().say(there({ checksum: 'bad' }))).toBe('INVALID')
    expect(new Tracking({ nf_conntrack_checksum: 0 }).say(there({ checksum: 'bad' }))).toBe('NEW')
  })

  it('a header of seven bytes is INVALID', () => {
    const tracking = new Tracking()
    expect(tracking.say(datagram('10.0.0.1>10.9.9.9', 17, [0, 1, 0, 2, 0, 8, 0]))).toBe('INVALID')
  })

  it('from an address and port to the same is its own answer', () => {
    const tracking = new Tracking()
    const packet = udp('10.0.0.1:7>10.0.0.1:7')
    expect([packet, packet].map((one) => tracking.say(one))).toEqual(['NEW', 'ESTABLISHED/reply'])
  })
})

describe('UDP-Lite', () => {
  const unchecked = () => new Tracking({ nf_conntrack_checksum: 0 })
  const lite = (options = {}) => udpLite('10.0.0.1:1000>10.9.9.9:53', { data: 12, ...options })

  it('is a stream from the first packet after an answer', () => {
    const tracking = unchecked()
    tracking.say(lite())
    tracking.say(udpLite('10.9.9.9:53>10.0.0.1:1000'))
    expect([tracking.left, tracking.assured]).toEqual([30, false])
    tracking.say(lite())
    expect([tracking.left, tracking.assured]).toEqual([120, true])
  })

  it.each([
    [0, 'NEW'],
    [8, 'NEW'],
    [20, 'NEW'],
    [1, 'INVALID'],
    [7, 'INVALID'],
    [21, 'INVALID'],
  ])('coverage of %i bytes of 20: %s', (coverage, label) => {
    expect(unchecked().say(lite({ coverage }))).toBe(label)
  })

  it('without a checksum is INVALID', () => {
    const tracking = unchecked()
    expect(tracking.say(lite({ checksum: 0 }))).toBe('INVALID')
    expect(tracking.reason).toMatch(/without a checksum/)
  })

  it('with the checksum of RFC 3828 is INVALID: the kernel sums up the pseudo header of UDP', () => {
    const tracking = new Tracking()
    expect(tracking.say(lite())).toBe('INVALID')
    expect(tracking.reason).toBe('bad udplite checksum')
  })
})

describe('GRE', () => {
  const gre = (path: string, header: readonly number[]) => datagram(path, 47, [...header, ...Array<number>(12).fill(0)])
  const A_B = '10.0.0.1>10.9.9.9'
  const B_A = '10.9.9.9>10.0.0.1'
  const pptp = (call: number) => [0x30, 0x81, 0x88, 0x0b, 0, 4, 0, call]

  it('version 0: half a minute, three once answered', () => {
    const tracking = new Tracking()
    expect(tracking.say(gre(A_B, [0, 0, 8, 0]))).toBe('NEW')
    expect(tracking.say(gre(B_A, [0, 0, 8, 0]))).toBe('ESTABLISHED/reply')
    expect(tracking.left).toBe(30)
    tracking.say(gre(A_B, [0, 0, 8, 0]))
    expect([tracking.left, tracking.assured]).toEqual([180, true])
  })

  it('version 1: the call identifier tells connections apart, and the answer has another', () => {
    const tracking = new Tracking()
    expect([gre(A_B, pptp(7)), gre(B_A, pptp(8)), gre(A_B, pptp(7))].map((one) => tracking.say(one))).toEqual([
      'NEW',
      'NEW',
      'NEW',
    ])
    expect(tracking.live).toBe(2)
  })

  it('version 1 that carries no PPP is INVALID', () => {
    const tracking = new Tracking()
    expect(tracking.say(gre(A_B, [0x20, 1, 8, 0, 0, 4, 0, 1]))).toBe('INVALID')
    expect(tracking.reason).toMatch(/0x800, not PPP/)
  })
})

describe('protocols without a tracker', () => {
  it.each([2, 33, 50, 89, 253])('protocol %i: ten minutes, both ways one connection', (protocol) => {
    const tracking = new Tracking()
    expect(tracking.say(datagram('10.0.0.1>10.9.9.9', protocol, [1, 2, 3]))).toBe('NEW')
    expect(tracking.say(datagram('10.9.9.9>10.0.0.1', protocol, []))).toBe('ESTABLISHED/reply')
    expect([tracking.left, tracking.assured]).toEqual([600, false])
  })

  it('IPv6 that claims a header beyond the datagram is tracked by the protocol that it names', () => {
    const tracking = new Tracking()
    const beyond = (number: number) => datagram('2001:db8::1>2001:db8::2', 60, [number, 9, 1, 4, 0, 0, 0, 0])
    expect(tracking.say(beyond(89))).toBe('NEW')
    expect(tracking.say(beyond(17))).toBe('INVALID')
  })

  it('"no next header" is INVALID', () => {
    expect(new Tracking().say(datagram('2001:db8::1>2001:db8::2', 59, []))).toBe('INVALID')
  })
})
