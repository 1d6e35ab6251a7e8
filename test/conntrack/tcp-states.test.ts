import { describe, expect, it } from 'vitest'
import { c, s, TO_STATE } from './ends.ts'
import { Tracking } from './tracking.ts'

/** By state: numbers that each side would use next. */
const NEXT: Readonly<Record<string, readonly [number, number]>> = {
  SYN_SENT: [101, 500],
  SYN_RECV: [101, 501],
  ESTABLISHED: [101, 501],
  FIN_WAIT: [102, 501],
  CLOSE_WAIT: [102, 501],
  LAST_ACK: [102, 502],
  TIME_WAIT: [102, 502],
  CLOSE: [101, 501],
  SYN_SENT2: [101, 501],
}

const STATES = Object.keys(TO_STATE) as (keyof typeof TO_STATE)[]

/** After a segment: the state; 'ig' ignored, 'iv' INVALID, 'new' a connection of its own, 'gone' the entry ended. */
function after(state: keyof typeof TO_STATE, flags: string, fromServer: boolean): string {
  const tracking = new Tracking()
  tracking.sayAll(TO_STATE[state])
  expect(tracking.state).toBe(state)
  const before = tracking.connection
  const [own, peer] = fromServer ? [NEXT[state][1], NEXT[state][0]] : NEXT[state]
  const segment = (fromServer ? s : c)(flags, own, /A/.test(flags) ? peer : 0)
  const label = tracking.say(segment)
  if (label === 'INVALID') return 'iv'
  if (tracking.connection !== before) return 'new'
  if (tracking.live === 0) return 'gone'
  return /ignored/.test(tracking.reason ?? '') ? 'ig' : tracking.state
}

const SHORT: Readonly<Record<string, string>> = {
  SYN_SENT: 'SS',
  SYN_RECV: 'SR',
  ESTABLISHED: 'ES',
  FIN_WAIT: 'FW',
  CLOSE_WAIT: 'CW',
  LAST_ACK: 'LA',
  TIME_WAIT: 'TW',
  CLOSE: 'CL',
  SYN_SENT2: 'S2',
}

const row = (flags: string, fromServer: boolean) =>
  STATES.map((state) => after(state, flags, fromServer)).map((name) => SHORT[name] ?? name)

describe('what a segment does in each state', () => {
  it.each([
    // flags            SS     SR    ES    FW    CW    LA    TW     CL    S2
    ['S', false, 'SS     ig    ig    ig    ig    ig    new    ig    S2'],
    ['SA', false, 'iv     SR    iv    iv    iv    iv    iv     iv    SR'],
    ['FA', false, 'iv     FW    FW    LA    LA    LA    TW     CL    iv'],
    ['A', false, 'iv     ES    ES    CW    CW    TW    TW     CL    iv'],
    ['R', false, 'gone   CL    CL    CL    CL    CL    CL     CL    CL'],
    ['S', true, 'S2     iv    iv    iv    iv    iv    new    iv    S2'],
    ['SA', true, 'SR     ig    ig    ig    ig    ig    ig     ig    SR'],
    ['FA', true, 'iv     FW    FW    LA    LA    LA    TW     CL    iv'],
    ['A', true, 'ig     SR    ES    CW    CW    TW    TW     CL    ig'],
    ['R', true, 'gone   CL    CL    CL    CL    CL    CL     CL    CL'],
  ] as const)('%s, from the server: %s', (flags, fromServer, expected) => {
    expect(row(flags, fromServer)).toEqual(expected.split(/ +/))
  })
})

describe('flags', () => {
  it.each(['S', 'SP', 'SU', 'SEW', 'A', 'PA', 'UA', 'FA', 'FPUA', 'R', 'RA', 'SA'])(
    '%s may stand together',
    (flags) => {
      const tracking = new Tracking()
      tracking.say(c(flags, 1, 1))
      expect(tracking.reason ?? '').not.toMatch(/impossible TCP flags/)
    },
  )

  it.each(['', 'P', 'F', 'U', 'SF', 'SR', 'SRA', 'FPU', 'SFRPAU', 'FR', 'SUA'])('%s may not', (flags) => {
    const tracking = new Tracking()
    expect(tracking.say(c(flags, 1, 1))).toBe('INVALID')
    expect(tracking.reason).toMatch(/impossible TCP flags/)
  })

  it.each(['FA', 'R', 'RA', 'SA'])('%s opens nothing', (flags) => {
    const tracking = new Tracking()
    expect(tracking.say(c(flags, 1, 1))).toBe('INVALID')
    expect(tracking.live).toBe(0)
  })
})

describe('opening', () => {
  it('a SYN is NEW as long as nobody answers, also with another number', () => {
    const tracking = new Tracking()
    expect([c('S', 100), c('S', 100), c('S', 9000)].map((one) => tracking.say(one))).toEqual(['NEW', 'NEW', 'NEW'])
    expect(tracking.connection).toBe(1)
  })

  it('simultaneous open: SYN, SYN, SYN-ACK, then the ACK of the other side establishes', () => {
    const tracking = new Tracking()
    tracking.sayAll([c('S', 100), s('S', 500)])
    expect(tracking.state).toBe('SYN_SENT2')
    tracking.say(c('SA', 100, 501))
    expect(tracking.state).toBe('SYN_RECV')
    expect(tracking.say(s('A', 501, 101))).toBe('ESTABLISHED/reply')
    expect(tracking.state).toBe('ESTABLISHED')
  })

  it('a SYN in TIME_WAIT opens the connection anew, from either side', () => {
    for (const [syn, label] of [
      [c('S', 90000), 'NEW'],
      [s('S', 90000), 'NEW'],
    ] as const) {
      const tracking = new Tracking()
      tracking.sayAll(TO_STATE.TIME_WAIT)
      expect(tracking.say(syn)).toBe(label)
      expect(tracking.connection).toBe(2)
      expect(tracking.live).toBe(1)
    }
  })

  it('a SYN after a RST opens anew only after its own RST', () => {
    const own = new Tracking()
    own.sayAll([...TO_STATE.ESTABLISHED, c('R', 101)])
    expect(own.say(c('S', 5000))).toBe('NEW')
    const foreign = new Tracking()
    foreign.sayAll([...TO_STATE.ESTABLISHED, s('R', 501)])
    expect(foreign.say(c('S', 5000))).toBe('ESTABLISHED')
  })

  it('a SYN-ACK that answers an ignored SYN starts the entry anew', () => {
    const tracking = new Tracking()
    tracking.sayAll([...TO_STATE.ESTABLISHED, c('S', 7000)])
    expect(tracking.say(s('SA', 9000, 7001))).toBe('ESTABLISHED/reply')
    expect(tracking.state).toBe('SYN_RECV')
    expect(tracking.say(c('A', 7001, 9001))).toBe('ESTABLISHED')
    expect(tracking.state).toBe('ESTABLISHED')
  })

  it('the answering side of a resumed pick-up stays liberal, the asking one does not', () => {
    const resumed = [c('PA', 100, 500, 100), s('A', 500, 200), c('S', 200), s('SA', 500, 201)]
    const answering = new Tracking()
    answering.sayAll(resumed)
    answering.say(s('A', 90000, 201))
    expect(answering.reason).toBeNull()
    const asking = new Tracking()
    asking.sayAll(resumed)
    asking.say(c('A', 90000, 501))
    expect(asking.reason).toMatch(/^24265 bytes more/)
  })

  it('a challenge ACK in LAST_ACK is not taken for that of the FIN', () => {
    const tracking = new Tracking()
    tracking.sayAll([...TO_STATE.LAST_ACK, c('S', 7000)])
    tracking.say(s('A', 502, 102))
    expect([tracking.state, tracking.reason]).toEqual(['LAST_ACK', expect.stringMatching(/stray SYN/)])
    tracking.say(s('A', 502, 102))
    expect(tracking.state).toBe('TIME_WAIT')
  })
})

describe('pick-up', () => {
  it('an ACK from the middle opens a connection that forgives wild numbers', () => {
    const tracking = new Tracking()
    expect(tracking.say(c('PA', 1000, 2000, 'abc'))).toBe('NEW')
    expect([tracking.state, tracking.left]).toEqual(['ESTABLISHED', 300])
    expect(tracking.say(s('A', 2000, 1003))).toBe('ESTABLISHED/reply')
    expect(tracking.assured).toBe(false)
    expect(tracking.say(c('PA', 9_000_000, 2000, 'z'))).toBe('ESTABLISHED')
    expect([tracking.assured, tracking.reason]).toEqual([true, null])
  })

  it('nf_conntrack_tcp_loose=0 forbids it', () => {
    const tracking = new Tracking({ nf_conntrack_tcp_loose: 0 })
    expect(tracking.say(c('A', 5, 6))).toBe('INVALID')
    expect(tracking.reason).toMatch(/nf_conntrack_tcp_loose=0/)
    expect(tracking.sayAll(TO_STATE.ESTABLISHED)).toBe('ESTABLISHED')
  })
})
