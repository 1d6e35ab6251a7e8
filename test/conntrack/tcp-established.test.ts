import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ENTRY_INTS } from '../../src/conntrack/entry.ts'
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
    { weight: 1, arbitrary: fc.constantFrom('UA', 'FA', 'R', 'RA', 'S', 'SA', '') },
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
    if (seq === 0) next[side] += length
  }
  return packets
}

/** The tracker's whole memory of the connection behind each packet, with its label and reason. */
function told(packets: readonly Uint8Array[], asksOrdinaryFirst: boolean): { said: string[]; ordinary: number } {
  const tracking = new Tracking()
  const { tracker } = tracking
  const { current } = tracker
  let ordinary = 0
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
      if (id >= 0 && tracker.trackOrdinary(fields, 0, id, current.table.foundDirection, at + 1)) {
        ordinary++
        tracking.skipFrame()
        return `null ${entry()}`
      }
    }
    tracking.say(packet)
    return `${tracking.reason} ${current.id < 0 ? current.info : entry()}`
  })
  return { said, ordinary }
}

it('what is ordinary is tracked as anything else', () => {
  let ordinary = 0
  fc.assert(
    fc.property(opening, fc.array(turn, { minLength: 3, maxLength: 25 }), (open, turns) => {
      const packets = conversation(open, turns)
      const quick = told(packets, true)
      expect(quick.said).toEqual(told(packets, false).said)
      ordinary += quick.ordinary
    }),
    { numRuns: 300 },
  )
  expect(ordinary).toBeGreaterThan(400)
})
