import fc from 'fast-check'
import { expect, test } from 'vitest'
import { E_ADDRESS_A, E_ADDRESS_B, E_KIND, E_NUMBER, E_PORTS, ENTRY_INTS } from '../../src/conntrack/entry.ts'
import { Tracking } from '../conntrack/tracking.ts'
import { datagram } from '../support/packets.ts'
import { crowded, network, type Sent } from './conversations.ts'

const LABELS = [
  'NEW',
  'ESTABLISHED',
  'ESTABLISHED/reply',
  'RELATED',
  'RELATED/reply',
  'INVALID',
  'UNTRACKED',
  'TABLE FULL',
]

function play(tracking: Tracking, { bytes, gap, dropped }: Sent): string {
  tracking.wait(gap)
  return dropped ? tracking.sayDropped(bytes) : tracking.say(bytes)
}

/** What must hold of the table whatever happened. */
function checkTable(tracking: Tracking): void {
  const { table } = tracking.tracker.current
  const { entries } = table
  const live = [...table.live()]
  expect(live).toHaveLength(table.count)
  const tuples = live.map((id) => {
    const e = id * ENTRY_INTS
    return [...entries.subarray(e + E_ADDRESS_A, e + E_ADDRESS_B + 4), entries[e + E_PORTS], entries[e + E_KIND]].join()
  })
  expect(new Set(tuples).size).toBe(live.length)
  for (const id of live) expect(table.isFindable(id)).toBe(true)
  // What has a number is in the table, or is the last packet's, dropped or ended with it.
  const { current } = tracking.tracker
  const numbers = new Set<number>()
  for (let id = 0, numbered = 0; id * ENTRY_INTS < entries.length; id++) {
    const number = entries[id * ENTRY_INTS + E_NUMBER]
    if (number === 0) continue
    numbers.add(number)
    if (numbers.size !== ++numbered) throw new Error(`connection ${number} twice`)
    if (id !== current.id && !table.isFindable(id)) throw new Error(`entry ${id} is neither free nor to be found`)
  }
}

test('interleaved, lost, doubled, late and dropped packets keep the table whole', () => {
  fc.assert(
    fc.property(network(crowded, 8), fc.constantFrom(0, 3, 262_144), (packets, max) => {
      const tracking = new Tracking({ nf_conntrack_max: max })
      packets.forEach((sent, index) => {
        expect(LABELS).toContain(play(tracking, sent))
        if (max > 0) expect(tracking.live).toBeLessThanOrEqual(max)
        if (index % 16 === 0) checkTable(tracking)
      })
      checkTable(tracking)
      expect(tracking.tracker.current.peakCount).toBeLessThanOrEqual(tracking.tracker.current.table.created)
    }),
    { numRuns: 40 },
  )
})

test('a label names a connection exactly when it says so', () => {
  fc.assert(
    fc.property(network(crowded, 6), (packets) => {
      const tracking = new Tracking()
      for (const sent of packets) {
        const label = play(tracking, sent)
        expect(tracking.connection > 0).toBe(label !== 'INVALID' && label !== 'UNTRACKED')
        if (label === 'INVALID') expect(tracking.reason).not.toBeNull()
        if (label === 'ESTABLISHED') expect(tracking.seenReply).toBe(true)
        if (label === 'ESTABLISHED/reply') expect(tracking.seenReply).toBe(true)
      }
    }),
    { numRuns: 40 },
  )
})

test('long after, nothing is left: every connection ends', () => {
  fc.assert(
    fc.property(network(crowded, 6), (packets) => {
      const tracking = new Tracking()
      for (const sent of packets) play(tracking, sent)
      const { table } = tracking.tracker.current
      table.nowNs = (tracking.now + 432_001) * 1e9
      table.cleaner.removeExpired()
      expect([table.count, [...table.live()]]).toEqual([0, []])
    }),
    { numRuns: 30 },
  )
})

test('any bytes after an IP header get a label, and never an exception', () => {
  const protocols = fc.constantFrom(1, 2, 6, 17, 47, 50, 58, 132, 136, 0, 43, 44, 51, 59, 60, 255)
  const packets = fc.array(fc.tuple(fc.boolean(), protocols, fc.uint8Array({ maxLength: 80 })), { maxLength: 20 })
  fc.assert(
    fc.property(packets, (all) => {
      const tracking = new Tracking({ nf_conntrack_checksum: 0 })
      for (const [v6, protocol, payload] of all) {
        const packet = datagram(v6 ? '2001:db8::1>2001:db8::2' : '10.0.0.1>10.0.0.2', protocol, payload)
        expect([...LABELS, 'CUT']).toContain(tracking.say(packet))
      }
      checkTable(tracking)
    }),
    { numRuns: 75 },
  )
})
