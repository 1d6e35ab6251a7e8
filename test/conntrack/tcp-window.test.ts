import { describe, expect, it } from 'vitest'
import { X_MARK } from '../../src/conntrack/extensions.ts'
import { sack, sackPermitted, wscale } from '../support/packets.ts'
import { c, s, TO_STATE } from './ends.ts'
import { Tracking } from './tracking.ts'

/** An open connection whose windows are as announced: client 101, server 501. */
function open(clientWindow = 65535, serverWindow = 65535, sysctls = {}): Tracking {
  const tracking = new Tracking(sysctls)
  tracking.sayAll([
    c('S', 100, 0, '', { window: clientWindow }),
    s('SA', 500, 101, '', { window: serverWindow }),
    c('A', 101, 501, '', { window: clientWindow }),
  ])
  return tracking
}

describe('edges of the window', () => {
  it.each([
    ['fills the window exactly', 101, 1000, 'ESTABLISHED', null],
    ['begins at the edge of the window', 1101, 1, 'ESTABLISHED', null],
    [
      'begins one past the edge',
      1102,
      1,
      'ESTABLISHED',
      '3 bytes more than the window allows (up to 1101); bound set by frame 2',
    ],
    [
      'overshoots by a whole window',
      2099,
      1,
      'ESTABLISHED',
      '1000 bytes more than the window allows (up to 1101); bound set by frame 2',
    ],
    ['overshoots by more', 2100, 1, 'INVALID', 'SEQ over upper bound: 2100 >= 1102; bound set by frame 2'],
  ] as const)('window of 1000: data that %s', (_, seq, length, label, reason) => {
    const tracking = open(1, 1000)
    expect(tracking.say(c('PA', seq, 501, length, { window: 1 }))).toBe(label)
    expect(tracking.reason).toBe(reason)
  })

  it.each([
    ['the last byte sent', 501, null],
    ['one byte more', 502, 'ACK over upper bound (of data not seen): 502 >= 502'],
  ])('ack of %s', (_, ack, reason) => {
    const tracking = open()
    expect(tracking.say(c('A', 101, ack))).toBe(reason === null ? 'ESTABLISHED' : 'INVALID')
    expect(tracking.reason).toEqual(reason === null ? null : expect.stringContaining(reason))
  })

  it('old data and old ACKs keep the label and say why', () => {
    const tracking = open()
    expect(tracking.say(c('A', 101 - 200_000, 501, 'x'))).toBe('ESTABLISHED')
    expect(tracking.reason).toMatch(/^SEQ under lower bound/)
    expect(tracking.say(c('A', 101, 501 - 66_000))).toBe('ESTABLISHED')
    expect(tracking.reason).toBeNull()
    expect(tracking.say(c('A', 101, 501 - 66_001))).toBe('ESTABLISHED')
    expect(tracking.reason).toMatch(/^ACK under lower bound/)
  })

  it('names the frame that set the bound', () => {
    const tracking = open()
    tracking.say(c('PA', 10_000_000, 501, 'x'))
    expect(tracking.reason).toMatch(/; bound set by frame 2$/)
  })

  it('numbers wrap at 2^32', () => {
    const tracking = new Tracking()
    const labels = [
      c('S', 0xfffffffe),
      s('SA', 0xffffffff, 0xffffffff),
      c('A', 0xffffffff, 0),
      c('PA', 0xffffffff, 0, 10),
      s('A', 0, 9),
      c('PA', 9, 0, 10),
    ].map((one) => [tracking.say(one), tracking.reason])
    expect(labels.map(([, reason]) => reason)).toEqual([null, null, null, null, null, null])
  })

  it('nf_conntrack_tcp_be_liberal=1 forgives what is out of the window, not a RST below', () => {
    const tracking = open(65535, 65535, { nf_conntrack_tcp_be_liberal: 1 })
    expect(tracking.say(c('PA', 10_000_000, 501, 'x'))).toBe('ESTABLISHED')
    tracking.say(s('A', 501, 101))
    expect(tracking.say(c('R', 50))).toBe('INVALID')
  })
})

describe('window scaling', () => {
  const scaled = (client: readonly number[] | null, server: readonly number[] | null) => {
    const tracking = new Tracking()
    tracking.sayAll([
      c('S', 100, 0, '', { options: client === null ? [] : [client], window: 1000 }),
      s('SA', 500, 101, '', { options: server === null ? [] : [server], window: 1000 }),
      c('A', 101, 501, '', { window: 1000 }),
      s('A', 501, 101, '', { window: 1000 }),
    ])
    return tracking
  }

  it.each([
    ['both sides scale by 7', wscale(7), wscale(7), 1000 << 7],
    ['both sides, zero', wscale(0), wscale(0), 1000],
    ['15 counts as 14', wscale(14), wscale(15), 1000 << 14],
    ['only the client', wscale(7), null, 1000],
    ['only the server', null, wscale(7), 1000],
  ])('%s', (_, client, server, window) => {
    expect(scaled(client, server).say(c('PA', 101 + window - 100, 501, 100))).toBe('ESTABLISHED')
    const beyond = scaled(client, server)
    expect(beyond.say(c('PA', 100 + 2 * window, 501, 1))).toBe('INVALID')
    expect(beyond.reason).toContain(`>= ${101 + window + 1};`)
  })

  it('the window of a SYN is never scaled', () => {
    const tracking = new Tracking()
    tracking.sayAll([
      c('S', 100, 0, '', { options: [wscale(7)] }),
      s('SA', 500, 101, '', { options: [wscale(7)], window: 1000 }),
    ])
    expect(tracking.say(c('PA', 100 + 2 * 1000, 501, 1))).toBe('INVALID')
  })
})

describe('SACK', () => {
  const permitted = (options: readonly number[][]) => {
    const tracking = new Tracking()
    tracking.sayAll([c('S', 100, 0, '', { options }), s('SA', 500, 101, '', { options }), c('A', 101, 501)])
    return tracking
  }

  it('blocks beyond what was sent are INVALID where SACK was agreed on', () => {
    expect(permitted([sackPermitted()]).say(c('A', 101, 501, '', { options: [sack(600, 700)] }))).toBe('INVALID')
    expect(permitted([]).say(c('A', 101, 501, '', { options: [sack(600, 700)] }))).toBe('ESTABLISHED')
  })

  it('a SYN-ACK without options does not bring back what the side had before a resumed connection', () => {
    const tracking = permitted([sackPermitted()])
    tracking.sayAll([c('S', 900, 0, '', { options: [sackPermitted()] }), s('SA', 700, 901)])
    expect(tracking.say(c('A', 901, 701, '', { options: [sack(5000, 6000)] }))).toBe('ESTABLISHED')
  })
})

describe('RST', () => {
  it.each([
    ['exact', s('R', 501), 'ESTABLISHED/reply', 'CLOSE'],
    ['in the window, not exact', s('R', 505), 'ESTABLISHED/reply', 'ESTABLISHED'],
  ])('%s', (_, rst, label, state) => {
    const tracking = open()
    expect(tracking.say(rst)).toBe(label)
    expect([tracking.state, tracking.left]).toEqual([state, 10])
  })

  it('below what was acknowledged is INVALID, but not with nf_conntrack_tcp_ignore_invalid_rst=1', () => {
    expect(open().say(s('R', 400))).toBe('INVALID')
    expect(open(65535, 65535, { nf_conntrack_tcp_ignore_invalid_rst: 1 }).say(s('R', 400))).toBe('ESTABLISHED/reply')
  })

  it('to an ignored SYN closes only when the other side sends it', () => {
    const other = open()
    other.say(c('S', 9000))
    other.say(s('R', 90_000, 9001))
    expect(other.state).toBe('CLOSE')
    const same = open()
    same.say(c('S', 9000))
    same.say(c('R', 90_000, 9001))
    expect(same.reason).toMatch(/bytes more than the window allows/)
  })

  it('after simultaneous SYNs is held against the window', () => {
    const tracking = new Tracking()
    tracking.sayAll(TO_STATE.SYN_SENT2)
    tracking.say(s('R', 502, 0))
    expect([tracking.state, tracking.reason]).toEqual(['SYN_SENT2', expect.stringMatching(/^2 bytes more/)])
  })

  it('as the only reply ends the connection, which counts as answered', () => {
    const tracking = new Tracking()
    tracking.say(c('S', 100))
    expect(tracking.say(s('RA', 0, 101))).toBe('ESTABLISHED/reply')
    expect([tracking.seenReply, tracking.live]).toEqual([true, 0])
    expect(tracking.say(c('S', 100))).toBe('NEW')
  })

  it('that REJECT sends closes the connection once', () => {
    const tracking = open()
    tracking.sayReset(c('PA', 101, 501))
    expect([tracking.state, tracking.left]).toEqual(['CLOSE', 10])
    tracking.wait(4).sayReset(s('SA', 501, 101))
    expect(tracking.left).toBe(6)
  })
})

describe('REJECT of a RST', () => {
  it('sends nothing, and so closes nothing', () => {
    const tracking = open()
    tracking.sayReset(c('R', 300))
    expect(tracking.state).toBe('ESTABLISHED')
  })

  it('a connection that ends with a packet keeps what it holds until that packet is through', () => {
    const tracking = new Tracking()
    tracking.say(c('S', 100))
    const { current } = tracking.tracker
    const x = current.table.extend(current.id)
    current.table.extensions.records[x + X_MARK] = 7
    tracking.say(s('RA', 0, 101))
    expect(tracking.live).toBe(0)
    expect(current.table.extensions.records[current.table.extensionOf(current.id) + X_MARK]).toBe(7)
    tracking.say(c('S', 100))
    expect(current.table.extensions.records[current.table.extensionOf(current.id) + X_MARK]).toBe(0)
  })
})
