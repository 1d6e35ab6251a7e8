import fc from 'fast-check'
import { expect, it } from 'vitest'
import { E_TCP_STATE, ENTRY_INTS } from '../../src/conntrack/entry.ts'
import { TCP_STATE_MASK, TCP_STATE_NAMES } from '../../src/conntrack/protocols/tcp-states.ts'
import { P_TCP_FLAGS_WINDOW, TCP_FIN } from '../../src/wire/packet-fields.ts'
import { sack, sackPermitted, wscale } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'
import { c, s } from './ends.ts'
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

interface Opening {
  readonly client: number
  readonly server: number
  readonly window: number
  readonly options: readonly number[][]
}

const opening: fc.Arbitrary<Opening> = fc.record({
  client: start,
  server: start,
  window: fc.constantFrom(1, 1000, 65_535),
  options: fc.constantFrom([], [wscale(0)], [wscale(7)], [sackPermitted()], [sackPermitted(), wscale(14)]),
})

/** The handshake, then segments whose numbers lie about what both sides have sent. */
function conversation({ client, server, window, options }: Opening, turns: readonly Turn[]): Uint8Array[] {
  const next = [client + 1, server + 1]
  const packets = [
    c('S', client, 0, '', { window, options }),
    s('SA', server, client + 1, '', { window, options }),
    c('A', client + 1, server + 1, '', { window }),
  ]
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

/** The tracker's whole memory of the connection behind each packet, with its label and reason. */
function told(packets: readonly Uint8Array[], asksOrdinaryFirst: boolean): { said: string[]; ordinary: string[] } {
  const tracking = new Tracking()
  const { tracker } = tracking
  const { current } = tracker
  const ordinary: string[] = []
  const said = packets.map((packet, at) => {
    tracking.wait(0.5)
    const fields = decodeToFields(packet)
    const entry = (): string => {
      const e = current.id * ENTRY_INTS
      return `${current.info} ${current.table.entries.slice(e, e + ENTRY_INTS).join(' ')}`
    }
    if (asksOrdinaryFirst && current.id >= 0) {
      current.tick(tracking.now * 1e9)
      const id = current.find(fields, 0, 0, 0, false)
      const before =
        id < 0 ? '' : TCP_STATE_NAMES[current.table.entries[id * ENTRY_INTS + E_TCP_STATE] & TCP_STATE_MASK]
      if (id >= 0 && tracker.trackOrdinary(fields, 0, id, current.table.foundDirection, at + 1)) {
        ordinary.push(`${before} ${flagsOf(fields)}`)
        tracking.skipFrame()
        return `null ${entry()}`
      }
    }
    tracking.say(packet)
    return `${tracking.reason} ${current.id < 0 ? current.info : entry()}`
  })
  return { said, ordinary }
}

function flagsOf(fields: Int32Array): string {
  return ((fields[P_TCP_FLAGS_WINDOW] >>> 16) & TCP_FIN) !== 0 ? 'FIN' : 'ACK'
}

it('what is ordinary is tracked as anything else', () => {
  const ordinary = new Map<string, number>()
  fc.assert(
    fc.property(opening, fc.array(turn, { minLength: 3, maxLength: 25 }), (open, turns) => {
      const packets = conversation(open, turns)
      const quick = told(packets, true)
      expect(quick.said).toEqual(told(packets, false).said)
      for (const one of quick.ordinary) ordinary.set(one, (ordinary.get(one) ?? 0) + 1)
    }),
    { numRuns: 600 },
  )
  const met = [
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
