import { describe, expect, it } from 'vitest'
import { c, s, TO_STATE } from './ends.ts'
import { Tracking } from './tracking.ts'

describe('how long a connection lives', () => {
  it.each([
    ['SYN_SENT', 120],
    ['SYN_RECV', 60],
    ['ESTABLISHED', 432_000],
    ['FIN_WAIT', 120],
    ['CLOSE_WAIT', 60],
    ['LAST_ACK', 30],
    ['TIME_WAIT', 120],
    ['CLOSE', 10],
  ] as const)('%s: %i s', (state, seconds) => {
    const tracking = new Tracking()
    tracking.sayAll(TO_STATE[state])
    expect(tracking.left).toBe(seconds)
  })

  it('an entry exactly at its timeout is gone', () => {
    const tracking = new Tracking()
    tracking.say(c('S', 100))
    tracking.wait(119.999).say(c('S', 100))
    expect(tracking.connection).toBe(1)
    tracking.wait(0.001).say(c('S', 100))
    expect(tracking.connection).toBe(2)
  })

  it('a repeated SYN does not keep an unanswered entry alive', () => {
    const tracking = new Tracking()
    tracking.say(c('S', 100))
    tracking.wait(100).say(c('S', 100))
    expect(tracking.left).toBe(20)
  })

  it('unacknowledged data: five minutes, until it is acknowledged', () => {
    const tracking = new Tracking()
    tracking.sayAll([...TO_STATE.ESTABLISHED, c('PA', 101, 501, 'x')])
    tracking.wait(1).say(s('A', 501, 101))
    expect(tracking.left).toBe(300)
    tracking.say(s('A', 501, 102))
    expect(tracking.left).toBe(432_000)
  })

  it('nf_conntrack_tcp_max_retrans repetitions: five minutes', () => {
    const tracking = new Tracking({ nf_conntrack_tcp_timeout_unacknowledged: 1000 })
    tracking.sayAll([...TO_STATE.ESTABLISHED, c('PA', 101, 501, 'x')])
    const lives = [1, 2, 3].map(() => {
      tracking.say(c('PA', 101, 501, 'x'))
      return tracking.left
    })
    expect(lives).toEqual([1000, 1000, 300])
  })

  it('a window of zero: five minutes', () => {
    const tracking = new Tracking()
    tracking.sayAll([...TO_STATE.ESTABLISHED, s('A', 501, 101, '', { window: 0 })])
    expect(tracking.left).toBe(300)
  })

  it('FIN and RST out of the window, one from each side, leave an assured connection five minutes', () => {
    const tracking = new Tracking()
    tracking.sayAll([...TO_STATE.ESTABLISHED, c('R', 40_000_000)])
    expect(tracking.say(s('FA', 501, 40_000_000))).toBe('INVALID')
    expect(tracking.wait(299).say(c('A', 101, 501))).toBe('ESTABLISHED')
    tracking.sayAll([c('R', 40_000_000), s('FA', 501, 40_000_000)])
    expect(tracking.wait(301).say(c('A', 101, 501))).toBe('NEW')
  })

  it('an ignored segment refreshes nothing', () => {
    const tracking = new Tracking()
    tracking.sayAll(TO_STATE.SYN_RECV)
    tracking.wait(50).say(s('SA', 500, 101))
    expect(tracking.left).toBe(10)
  })
})

describe('a dropped packet', () => {
  it('that would open a connection leaves nothing', () => {
    const tracking = new Tracking()
    expect(tracking.sayDropped(c('S', 100))).toBe('NEW')
    expect(tracking.live).toBe(0)
    expect(tracking.say(s('SA', 500, 101))).toBe('INVALID')
  })

  it('of a known connection moves it on all the same', () => {
    const tracking = new Tracking()
    tracking.say(c('S', 100))
    tracking.sayDropped(s('SA', 500, 101))
    expect([tracking.state, tracking.seenReply]).toEqual(['SYN_RECV', true])
  })
})
