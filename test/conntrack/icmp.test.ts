import { describe, expect, it } from 'vitest'
import { datagram, destinationOptions, fragmentHeader, hopByHop, icmp, icmpv6, tcp, udp } from '../support/packets.ts'
import { Tracking } from './tracking.ts'

const echo = (type: number, code = 0, id = 7, path = '10.0.0.1>10.9.9.9') => icmp(path, type, code, { id })
const reply = (type: number, code = 0, id = 7) => echo(type, code, id, '10.9.9.9>10.0.0.1')

describe('ICMP queries', () => {
  it.each([
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ])('type %i is answered by %i', (request, answer) => {
    const tracking = new Tracking()
    expect(tracking.say(echo(request))).toBe('NEW')
    expect(tracking.say(reply(answer))).toBe('ESTABLISHED/reply')
    expect([tracking.left, tracking.assured]).toEqual([30, false])
    expect(tracking.say(echo(request))).toBe('ESTABLISHED')
  })

  it.each([
    ['another identifier', reply(0, 0, 8)],
    ['another code', reply(0, 5)],
    ['the answer to another question', reply(14)],
    ['the wrong way', echo(0)],
  ])('an answer with %s is INVALID', (_, packet) => {
    const tracking = new Tracking()
    tracking.say(echo(8))
    expect(tracking.say(packet)).toBe('INVALID')
  })

  it('all other types open nothing', () => {
    const opening = Array.from({ length: 256 }, (_, type) => type).filter(
      (type) => new Tracking().say(echo(type)) === 'NEW',
    )
    expect(opening).toEqual([8, 13, 15, 17])
    const v6 = (type: number) => new Tracking().say(icmpv6('2001:db8::1>2001:db8::2', type))
    const types = Array.from({ length: 256 }, (_, type) => type)
    expect(types.filter((type) => v6(type) === 'NEW')).toEqual([128, 139])
    expect(types.filter((type) => v6(type) === 'UNTRACKED')).toEqual([130, 131, 132, 133, 134, 135, 136, 143, 151, 152])
  })

  it('of the other IP version is INVALID', () => {
    expect(new Tracking().say(datagram('2001:db8::1>2001:db8::2', 1, [8, 0, 0, 0, 0, 0, 0, 0]))).toBe('INVALID')
    expect(new Tracking().say(datagram('10.0.0.1>10.0.0.2', 58, [128, 0, 0, 0, 0, 0, 0, 0]))).toBe('INVALID')
  })
})

const SYN = tcp('10.0.0.1:1000>10.9.9.9:80', 'S', { seq: 100 })
const unreachable = (data: Uint8Array, path = '10.4.4.4>10.0.0.1', type = 3) => icmp(path, type, 1, { data })

function opened(...packets: Uint8Array[]): Tracking {
  const tracking = new Tracking()
  tracking.sayAll(packets)
  return tracking
}

describe('ICMP errors', () => {
  it.each([3, 4, 5, 11, 12])('type %i belongs to the connection that it quotes, whoever sends it', (type) => {
    expect(opened(SYN).say(unreachable(SYN, '10.4.4.4>10.0.0.1', type))).toBe('RELATED/reply')
  })

  it('about an answer goes the original way', () => {
    const synAck = tcp('10.9.9.9:80>10.0.0.1:1000', 'SA', { seq: 1, ack: 101 })
    expect(opened(SYN, synAck).say(unreachable(synAck, '10.4.4.4>10.9.9.9'))).toBe('RELATED')
  })

  it('refreshes nothing and answers nothing', () => {
    const tracking = opened(SYN)
    tracking.wait(100).say(unreachable(SYN))
    expect([tracking.left, tracking.seenReply]).toEqual([20, false])
  })

  it.each([
    [20, 'INVALID'],
    [23, 'INVALID'],
    [24, 'RELATED/reply'],
    [28, 'RELATED/reply'],
  ])('that quotes %i bytes of a segment: %s', (length, label) => {
    expect(opened(SYN).say(unreachable(SYN.subarray(0, length)))).toBe(label)
  })

  it.each([
    ['to another host than the quoted sender', unreachable(SYN, '10.4.4.4>10.0.0.2'), /sent to 10\.0\.0\.2, but/],
    ['about an unknown connection', unreachable(udp('10.0.0.1:1>10.9.9.9:2')), /no known connection/],
    [
      'about a later fragment',
      unreachable(datagram('10.0.0.1>10.9.9.9', 6, SYN.subarray(20), { offset: 8 })),
      /cannot be read/,
    ],
    ['about an error', unreachable(unreachable(SYN, '10.0.0.1>10.9.9.9')), /cannot be read/],
    ['that quotes nothing', unreachable(new Uint8Array(0)), /cannot be read/],
    [
      'that quotes a header longer than all',
      unreachable(Uint8Array.from([0x4f, ...SYN.subarray(1, 40)])),
      /cannot be read/,
    ],
  ])('%s is INVALID', (_, packet, reason) => {
    const tracking = opened(SYN)
    expect(tracking.say(packet)).toBe('INVALID')
    expect(tracking.reason).toMatch(reason)
  })
})

const PATH6 = '[2001:db8::1]:1000>[2001:db8::2]:53'
const QUERY6 = udp(PATH6)
const error6 = (data: Uint8Array, to = '2001:db8::1') => icmpv6(`2001:db8::ff>${to}`, 1, 0, { data })

describe('ICMPv6 errors', () => {
  it('all types below 128 are errors', () => {
    const related = Array.from({ length: 128 }, (_, type) => type).filter(
      (type) => opened(QUERY6).say(icmpv6('2001:db8::ff>2001:db8::1', type, 0, { data: QUERY6 })) === 'RELATED/reply',
    )
    expect(related).toHaveLength(128)
  })

  it.each([
    ['extension headers', udp(PATH6, { extensions: [hopByHop(), destinationOptions()] }), 'RELATED/reply'],
    ['a first fragment', udp(PATH6, { extensions: [fragmentHeader(0, true, 1)] }), 'RELATED/reply'],
    ['a later fragment', udp(PATH6, { extensions: [fragmentHeader(8, true, 1)] }), 'INVALID'],
    [
      'an extension header cut after its second byte',
      udp(PATH6, { extensions: [hopByHop()] }).subarray(0, 42),
      'INVALID',
    ],
  ])('quoting %s: %s', (_, quoted, label) => {
    expect(opened(QUERY6).say(error6(quoted))).toBe(label)
  })

  it('of a cut extension header two bytes are enough where nothing after it is needed', () => {
    const packet = datagram('2001:db8::1>2001:db8::2', 89, [1, 2, 3, 4])
    const quoted = datagram('2001:db8::1>2001:db8::2', 60, [89, 0])
    expect(opened(packet).say(error6(quoted))).toBe('RELATED/reply')
  })
})

describe('ICMPv6 redirect', () => {
  const option = (type: number, words: number, body: Uint8Array) => [type, words, 0, 0, 0, 0, 0, 0, ...body]
  const redirect = (options: readonly number[], more: { ttl?: number; code?: number; from?: string } = {}) =>
    icmpv6(`${more.from ?? 'fe80::1'}>2001:db8::1`, 137, more.code ?? 0, {
      ttl: more.ttl ?? 255,
      data: Uint8Array.from([...Array<number>(32).fill(0), ...options]),
    })
  const quoting = option(4, 8, QUERY6)

  it('belongs to the connection of the packet that it redirects', () => {
    expect(opened(QUERY6).say(redirect(quoting))).toBe('RELATED/reply')
  })

  it.each([
    ['over a router', redirect(quoting, { ttl: 254 })],
    ['from a global address', redirect(quoting, { from: '2001:db8::ff' })],
    ['with a code', redirect(quoting, { code: 1 })],
    ['without options', redirect([])],
    ['with an option of length 0', redirect(option(4, 0, QUERY6))],
    ['with another option first', redirect([2, 1, 2, 0, 0, 0, 0, 1, ...quoting])],
  ])('%s is INVALID', (_, packet) => {
    expect(opened(QUERY6).say(packet)).toBe('INVALID')
  })
})
