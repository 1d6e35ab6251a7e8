import { describe, expect, it } from 'vitest'
import { be32, sctp } from '../support/packets.ts'
import { Tracking } from './tracking.ts'

const DATA = 0
const INIT = 1
const INIT_ACK = 2
const HEARTBEAT = 4
const HEARTBEAT_ACK = 5
const ABORT = 6
const SHUTDOWN = 7
const SHUTDOWN_ACK = 8
const ERROR = 9
const COOKIE_ECHO = 10
const COOKIE_ACK = 11
const SHUTDOWN_COMPLETE = 14

const chunk = (type: number, body: readonly number[] = [], flags = 0) =>
  Uint8Array.of(type, flags, 0, 4 + body.length, ...body)
const init = (type: number, tag: number) => chunk(type, [...be32(tag, 1000), 0, 1, 0, 1, 0, 0, 0, 1])

/** The tags that packets carry to the server, and to the client. */
const TO_SERVER = 6
const TO_CLIENT = 5
const c = (tag: number, ...chunks: Uint8Array[]) => sctp('10.0.0.1:1000>10.9.9.9:2000', chunks, { tag })
const s = (tag: number, ...chunks: Uint8Array[]) => sctp('10.9.9.9:2000>10.0.0.1:1000', chunks, { tag })
/** One chunk, as it should be: from the client, or from the server. */
function right(type: number, fromServer: boolean): Uint8Array {
  const send = fromServer ? s : c
  const peerTag = fromServer ? TO_SERVER : TO_CLIENT
  if (type === INIT) return send(0, init(INIT, peerTag))
  const tag = fromServer ? TO_CLIENT : TO_SERVER
  return send(
    tag,
    type === INIT_ACK ? init(type, peerTag) : chunk(type, type === DATA ? Array<number>(12).fill(0) : []),
  )
}

const OPENED = [right(INIT, false), right(INIT_ACK, true), right(COOKIE_ECHO, false), right(COOKIE_ACK, true)]
const TO_STATE: Readonly<Record<string, readonly Uint8Array[]>> = {
  CLOSED: [...OPENED, right(ABORT, false)],
  COOKIE_WAIT: OPENED.slice(0, 2),
  COOKIE_ECHOED: OPENED.slice(0, 3),
  ESTABLISHED: OPENED,
  SHUTDOWN_SENT: [...OPENED, right(SHUTDOWN, false)],
  SHUTDOWN_RECD: [...OPENED, right(SHUTDOWN, true)],
  SHUTDOWN_ACK_SENT: [...OPENED, right(SHUTDOWN, false), right(SHUTDOWN_ACK, true)],
  HEARTBEAT_SENT: [right(HEARTBEAT, false), right(HEARTBEAT, true)],
}
const SHORT: Readonly<Record<string, string>> = {
  CLOSED: 'CL',
  COOKIE_WAIT: 'CW',
  COOKIE_ECHOED: 'CE',
  ESTABLISHED: 'ES',
  SHUTDOWN_SENT: 'SS',
  SHUTDOWN_RECD: 'SR',
  SHUTDOWN_ACK_SENT: 'SA',
  HEARTBEAT_SENT: 'HS',
}

function after(state: string, type: number, fromServer: boolean): string {
  const tracking = new Tracking()
  tracking.sayAll(TO_STATE[state])
  expect(tracking.state).toBe(state)
  return tracking.say(right(type, fromServer)) === 'INVALID' ? 'iv' : SHORT[tracking.state]
}

describe('what a chunk does in each state (as Linux 6.18 was seen to do)', () => {
  it.each([
    // chunk, from the server                CL CW CE ES SS SR SA HS
    ['INIT', INIT, false, 'CL CW CE ES CL CL SA CW'],
    ['INIT ACK', INIT_ACK, false, 'CL CW CE ES SS SR SA CL'],
    ['ABORT', ABORT, false, 'CL CL CL CL CL CL CL CL'],
    ['SHUTDOWN', SHUTDOWN, false, 'CL CW CE SS SS SR SA CL'],
    ['SHUTDOWN ACK', SHUTDOWN_ACK, false, 'CL CW CE ES SA SA SA SA'],
    ['ERROR', ERROR, false, 'CL CW CE ES SS SR SA CL'],
    ['COOKIE ECHO', COOKIE_ECHO, false, 'CL CE CE ES SS SR SA CL'],
    ['COOKIE ACK', COOKIE_ACK, false, 'CL CW ES ES SS SR SA CL'],
    ['SHUTDOWN COMPLETE', SHUTDOWN_COMPLETE, false, 'CL CW CE ES SS SR CL CL'],
    ['HEARTBEAT', HEARTBEAT, false, 'CL CW CE ES SS SR SA HS'],
    ['HEARTBEAT ACK', HEARTBEAT_ACK, false, 'CL CW CE ES SS SR SA HS'],
    ['DATA', DATA, false, 'CL CW CE ES SS SR SA HS'],
    ['INIT', INIT, true, 'CL CW CE ES SS SR SA iv'],
    ['INIT ACK', INIT_ACK, true, 'CW CW CE ES SS SR SA iv'],
    ['ABORT', ABORT, true, 'CL CL CL CL CL CL CL iv'],
    ['SHUTDOWN', SHUTDOWN, true, 'CL CW CE SR SS SR SA iv'],
    ['SHUTDOWN ACK', SHUTDOWN_ACK, true, 'CL CW CE ES SA SA SA iv'],
    ['ERROR', ERROR, true, 'CL CW CL ES SS SR SA iv'],
    ['COOKIE ECHO', COOKIE_ECHO, true, 'CL CE CE ES SS SR SA iv'],
    ['COOKIE ACK', COOKIE_ACK, true, 'CL CW ES ES SS SR SA iv'],
    ['SHUTDOWN COMPLETE', SHUTDOWN_COMPLETE, true, 'CL CW CE ES SS SR CL iv'],
    ['HEARTBEAT', HEARTBEAT, true, 'CL CW CE ES SS SR SA HS'],
    ['HEARTBEAT ACK', HEARTBEAT_ACK, true, 'CL CW CE ES SS SR SA ES'],
  ] as const)('%s', (_name, type, fromServer, expected) => {
    expect(
      Object.keys(TO_STATE)
        .map((state) => after(state, type, fromServer))
        .join(' '),
    ).toBe(expected)
  })

  it.each([
    [INIT, 'CLOSED', 10],
    [HEARTBEAT, 'HEARTBEAT_SENT', 30],
    [SHUTDOWN_ACK, 'SHUTDOWN_ACK_SENT', 3],
    [SHUTDOWN, 'CLOSED', 10],
  ])('chunk %i opens an entry: %s, %i s', (type, state, seconds) => {
    const tracking = new Tracking()
    expect(tracking.say(type === INIT ? right(INIT, false) : c(0, chunk(type)))).toBe('NEW')
    expect([tracking.state, tracking.left]).toEqual([state, seconds])
  })

  it.each([DATA, ABORT, SHUTDOWN_COMPLETE, COOKIE_ACK, 3, 12, 63, 192])('chunk %i opens none', (type) => {
    expect(new Tracking().say(c(0, chunk(type)))).toBe('INVALID')
  })

  it('an established association is ASSURED and lives 210 s', () => {
    const tracking = new Tracking()
    tracking.sayAll(OPENED)
    expect([tracking.assured, tracking.left]).toEqual([true, 210])
  })

  it('a repeated INIT does not keep an unanswered entry alive', () => {
    const tracking = new Tracking()
    tracking.say(right(INIT, false))
    tracking.wait(4).say(right(INIT, false))
    expect(tracking.left).toBe(6)
  })
})

describe('packets of chunks', () => {
  const opened = () => {
    const tracking = new Tracking()
    tracking.sayAll(OPENED)
    return tracking
  }

  it.each([
    ['no chunk at all', []],
    ['a chunk of length 0', [Uint8Array.of(DATA, 0, 0, 0)]],
    ['INIT beside another', [init(INIT, 1), chunk(DATA)]],
    ['COOKIE ECHO that is not first', [chunk(DATA), chunk(COOKIE_ECHO)]],
    ['SHUTDOWN COMPLETE after another', [chunk(DATA), chunk(SHUTDOWN_COMPLETE)]],
  ])('%s is INVALID', (_, chunks) => {
    const tracking = opened()
    expect(tracking.say(c(TO_SERVER, ...chunks))).toBe('INVALID')
    expect(tracking.reason).toMatch(/SCTP chunks malformed/)
  })

  it('COOKIE ECHO may have data after it', () => {
    const tracking = new Tracking()
    tracking.sayAll(OPENED.slice(0, 2))
    expect(tracking.say(c(TO_SERVER, chunk(COOKIE_ECHO), chunk(DATA, Array<number>(12).fill(0))))).toBe('ESTABLISHED')
    expect(tracking.state).toBe('COOKIE_ECHOED')
  })

  it('an INIT shorter than its fixed part opens nothing', () => {
    expect(new Tracking().say(c(0, chunk(INIT, be32(5))))).toBe('INVALID')
    expect(new Tracking().say(c(0, chunk(INIT, Array<number>(12).fill(1))))).toBe('INVALID')
  })

  it('a bad CRC32c is INVALID', () => {
    const packet = sctp('10.0.0.1:1000>10.9.9.9:2000', [init(INIT, 5)], { tag: 0, checksum: 'bad' })
    expect(new Tracking().say(packet)).toBe('INVALID')
    expect(new Tracking({ nf_conntrack_checksum: 0 }).say(packet)).toBe('NEW')
  })
})

describe('verification tags', () => {
  const opened = () => {
    const tracking = new Tracking()
    tracking.sayAll(OPENED)
    return tracking
  }

  it.each([
    ['DATA with a wrong tag', c(9, chunk(DATA)), 'INVALID'],
    ['INIT with a tag', c(TO_SERVER, init(INIT, 8)), 'INVALID'],
    ['ABORT with the own tag', c(TO_CLIENT, chunk(ABORT)), 'INVALID'],
    ['ABORT with the own tag, reflected', c(TO_CLIENT, chunk(ABORT, [], 1)), 'ESTABLISHED'],
    ['SHUTDOWN COMPLETE with a wrong tag', c(9, chunk(SHUTDOWN_COMPLETE)), 'INVALID'],
    ['COOKIE ECHO with a wrong tag', c(9, chunk(COOKIE_ECHO)), 'INVALID'],
    ['SHUTDOWN ACK with any tag', c(9, chunk(SHUTDOWN_ACK)), 'ESTABLISHED'],
    ['HEARTBEAT with a wrong tag', c(9, chunk(HEARTBEAT)), 'ESTABLISHED'],
    ['HEARTBEAT ACK with a wrong tag', c(9, chunk(HEARTBEAT_ACK)), 'INVALID'],
  ])('%s', (_, packet, label) => {
    expect(opened().say(packet)).toBe(label)
  })

  it('the reason names both tags in hexadecimal', () => {
    const tracking = opened()
    tracking.say(c(0xabcdef01, chunk(DATA)))
    expect(tracking.reason).toBe('SCTP verification tag 0xabcdef01 where 0x6 is due')
  })

  it('a HEARTBEAT with a new tag that is answered changes the tags: another path of the association', () => {
    const tracking = opened()
    tracking.say(c(9, chunk(HEARTBEAT)))
    expect(tracking.say(s(8, chunk(HEARTBEAT_ACK)))).toBe('ESTABLISHED/reply')
    expect(tracking.say(s(8, chunk(DATA)))).toBe('ESTABLISHED/reply')
  })

  it('a HEARTBEAT ACK that opens an entry sets only its own tag', () => {
    const tracking = new Tracking()
    tracking.say(c(5, chunk(HEARTBEAT_ACK)))
    expect(tracking.say(s(6, chunk(HEARTBEAT_ACK)))).toBe('ESTABLISHED/reply')
  })

  const OTHER = 7
  it.each([
    ['the INIT ACK of who sent the INIT', [c(0, init(INIT, 5)), c(0, init(INIT_ACK, OTHER))], 'INVALID'],
    [
      'repeated with another tag',
      [c(0, init(INIT, 5)), s(5, init(INIT_ACK, 6)), s(5, init(INIT_ACK, OTHER))],
      'ESTABLISHED/reply',
    ],
    [
      'INITs of both, INIT ACK with the tag of the INIT',
      [c(0, init(INIT, 5)), s(0, init(INIT, 6)), s(5, init(INIT_ACK, 6))],
      'ESTABLISHED/reply',
    ],
    [
      'INITs of both, INIT ACK with another tag',
      [c(0, init(INIT, 5)), s(0, init(INIT, 6)), s(5, init(INIT_ACK, OTHER))],
      'INVALID',
    ],
    [
      'a new INIT after INITs of both',
      [c(0, init(INIT, 5)), s(0, init(INIT, 6)), c(0, init(INIT, 8)), s(8, init(INIT_ACK, OTHER))],
      'ESTABLISHED/reply',
    ],
    [
      'a repeated INIT in an established association',
      [...OPENED, c(0, init(INIT, 5)), s(5, init(INIT_ACK, OTHER))],
      'INVALID',
    ],
    [
      'a new INIT in an established association',
      [...OPENED, c(0, init(INIT, 8)), s(8, init(INIT_ACK, OTHER))],
      'ESTABLISHED/reply',
    ],
  ])('colliding INITs: %s', (_, packets, label) => {
    expect(new Tracking().sayAll(packets)).toBe(label)
  })
})
