import fc from 'fast-check'
import { expect, it } from 'vitest'
import { E_STATUS, E_TCP_STATE, ENTRY_INTS } from '../../src/conntrack/entry.ts'
import { TCP_STATE_MASK, TCP_STATE_NAMES } from '../../src/conntrack/protocols/tcp-states.ts'
import { IPS_SEEN_REPLY } from '../../src/conntrack/status.ts'
import { P_PROTOCOL, P_TCP_FLAGS_WINDOW, TCP_FIN, TCP_SYN } from '../../src/wire/packet-fields.ts'
import { PROTO_TCP } from '../../src/wire/protocols.ts'
import { sack, sackPermitted, udp, wscale } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'
import { CLIENT, c, SERVER, s } from './ends.ts'
import { Tracking } from './tracking.ts'

/** Near the places where sequence numbers wrap, and windows end. */
const start = fc.constantFrom(1, 0x7fff_ff00, 0xffff_ff00, 0xffff_fffe)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-70_000, -2000, -1, 1, 999, 1000, 1001, 66_000) },
)

interface Turn {
  readonly fromServer: boolean
  readonly flags: string
  readonly seq: number
  readonly ack: number
  readonly length: number
  readonly window: number
  readonly hasSack: boolean
}

const turn: fc.Arbitrary<Turn> = fc.record({
  fromServer: fc.boolean(),
  flags: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('A', 'PA') },
    { weight: 3, arbitrary: fc.constantFrom('FA', 'FPA') },
    { weight: 1, arbitrary: fc.constantFrom('UA', 'R', 'RA', 'S', 'SA', '') },
  ),
  seq: step,
  ack: step,
  length: fc.constantFrom(0, 0, 0, 1, 100, 1000),
  window: fc.constantFrom(0, 1, 1000, 1000, 65_535),
  hasSack: fc.boolean(),
})

type Options = readonly number[][]
const options: fc.Arbitrary<Options> = fc.constantFrom(
  [],
  [wscale(0)],
  [wscale(7)],
  [sackPermitted()],
  [sackPermitted(), wscale(14)],
)

interface Opening {
  readonly client: number
  readonly server: number
  readonly window: number
  readonly options: Options
  /** What comes between the SYN and the SYN-ACK. */
  readonly between: readonly Turn[]
  /** Of the SYN-ACK. */
  readonly answer: { readonly flags: string; readonly ack: number; readonly length: number; readonly window: number }
  readonly answerOptions: Options
  readonly answerHasSack: boolean
}

const opening: fc.Arbitrary<Opening> = fc.record({
  client: start,
  server: start,
  window: fc.constantFrom(0, 1, 1000, 65_535),
  options,
  between: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(turn, { maxLength: 2 }) },
  ),
  answer: fc.record({
    flags: fc.constantFrom('SA', 'SA', 'SA', 'SPA', 'SAE'),
    ack: step,
    length: fc.constantFrom(0, 0, 0, 100),
    window: fc.constantFrom(0, 1, 1000, 65_535),
  }),
  answerOptions: options,
  answerHasSack: fc.boolean(),
})

/** The handshake, then segments whose numbers lie about what both sides have sent. */
function conversation(open: Opening, turns: readonly Turn[]): Uint8Array[] {
  const { client, server, window, answer, answerOptions, answerHasSack } = open
  const next = [client + 1, server + 1]
  const acked = client + 1 + answer.ack
  const packets = [
    c('S', client, 0, '', { window, options: open.options }),
    ...open.between.map(({ fromServer, flags, seq, ack, length, window: announced }) =>
      (fromServer ? s : c)(flags, (fromServer ? server : client) + seq, (fromServer ? client : server) + ack, length, {
        window: announced,
      }),
    ),
    s(answer.flags, server, acked, answer.length, {
      window: answer.window,
      options: answerHasSack ? [...answerOptions, sack(acked >>> 0, (acked + 500) >>> 0)] : answerOptions,
    }),
    c('A', client + 1, server + 1 + answer.length, '', { window }),
  ]
  next[1] += answer.length
  for (const { fromServer, flags, seq, ack, length, window: announced, hasSack } of turns) {
    const side = fromServer ? 1 : 0
    const from = next[side] + seq
    const to = next[1 - side] + ack
    const options = hasSack ? [sack(to >>> 0, (to + 500) >>> 0)] : []
    packets.push((fromServer ? s : c)(flags, from, to, length, { window: announced, options }))
    if (seq === 0) next[side] += length + (flags.includes('F') ? 1 : 0)
  }
  return packets
}

function told(packets: readonly Uint8Array[], asksOrdinaryFirst: boolean): Told {
  return toldOf(
    packets.map((packet) => ({ packet, seconds: 0.5 })),
    asksOrdinaryFirst,
  )
}

interface Told {
  /** The tracker's whole memory of the connection after each packet, with its label and reason. */
  readonly said: string[]
  /** What was ordinary: the state before, and the packet. */
  readonly ordinary: string[]
}

/** @param seconds before each packet */
function toldOf(packets: readonly { packet: Uint8Array; seconds: number }[], asksOrdinaryFirst: boolean): Told {
  const tracking = new Tracking()
  const { tracker } = tracking
  const { current } = tracker
  const ordinary: string[] = []
  const said = packets.map(({ packet, seconds }, at) => {
    tracking.wait(seconds)
    const fields = decodeToFields(packet)
    const entry = (): string => {
      const e = current.id * ENTRY_INTS
      return `${current.info} ${current.table.entries.slice(e, e + ENTRY_INTS).join(' ')}`
    }
    if (asksOrdinaryFirst && current.id >= 0) {
      current.tick(tracking.now * 1e9)
      const id = current.find(fields, 0, 0, 0, false)
      const before = id < 0 ? '' : stateOf(current.table.entries, id, fields)
      if (id >= 0 && tracker.trackOrdinary(fields, 0, id, current.table.foundDirection, at + 1)) {
        ordinary.push(before)
        tracking.skipFrame()
        return `null ${entry()}`
      }
    }
    tracking.say(packet)
    return `${tracking.reason} ${current.id < 0 ? current.info : entry()}`
  })
  return { said, ordinary }
}

/** Of the connection, and what the packet is. */
function stateOf(entries: Int32Array, id: number, fields: Int32Array): string {
  const e = id * ENTRY_INTS
  if (fields[P_PROTOCOL] !== PROTO_TCP)
    return (entries[e + E_STATUS] & IPS_SEEN_REPLY) === 0 ? 'unanswered' : 'answered'
  const flags = fields[P_TCP_FLAGS_WINDOW] >>> 16
  const kind = (flags & TCP_SYN) !== 0 ? 'SYN-ACK' : (flags & TCP_FIN) !== 0 ? 'FIN' : 'ACK'
  return `${TCP_STATE_NAMES[entries[e + E_TCP_STATE] & TCP_STATE_MASK]} ${kind}`
}

it('segments of TCP that are ordinary are tracked as any others', () => {
  const ordinary = new Map<string, number>()
  fc.assert(
    fc.property(opening, fc.array(turn, { minLength: 3, maxLength: 25 }), (open, turns) => {
      const packets = conversation(open, turns)
      const quick = told(packets, true)
      expect(quick.said).toEqual(told(packets, false).said)
      for (const one of quick.ordinary) ordinary.set(one, (ordinary.get(one) ?? 0) + 1)
    }),
    { numRuns: 1200 },
  )
  const met = [
    'SYN_SENT SYN-ACK',
    'SYN_RECV ACK',
    'ESTABLISHED ACK',
    'ESTABLISHED FIN',
    'FIN_WAIT ACK',
    'FIN_WAIT FIN',
    'CLOSE_WAIT ACK',
    'CLOSE_WAIT FIN',
    'LAST_ACK ACK',
    'LAST_ACK FIN',
    'TIME_WAIT ACK',
    'TIME_WAIT FIN',
  ]
  expect([...ordinary.keys()].sort()).toEqual(met.sort())
  for (const times of ordinary.values()) expect(times).toBeGreaterThan(10)
})

const datagram = fc.record({
  fromServer: fc.boolean(),
  seconds: fc.constantFrom(0, 1, 3, 20, 40),
  length: fc.constantFrom(undefined, undefined, undefined, 7, 8, 9, 10),
})

it('so are datagrams of UDP, the first answer among them', () => {
  let answers = 0
  fc.assert(
    fc.property(fc.array(datagram, { minLength: 2, maxLength: 12 }), (datagrams) => {
      const packets = datagrams.map(({ fromServer, length, seconds }) => ({
        packet: udp(fromServer ? `${SERVER}>${CLIENT}` : `${CLIENT}>${SERVER}`, length === undefined ? {} : { length }),
        seconds,
      }))
      const quick = toldOf(packets, true)
      expect(quick.said).toEqual(toldOf(packets, false).said)
      answers += quick.ordinary.filter((one) => one === 'unanswered').length
    }),
    { numRuns: 600 },
  )
  expect(answers).toBeGreaterThan(100)
})
