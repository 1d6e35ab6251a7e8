import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openCapture } from '../../src/capture/open-capture.ts'
import { sysctlsWith } from '../../src/conntrack/sysctls.ts'
import { ChecksumPolicy } from '../../src/netfilter/checksum-policy.ts'
import { Machine } from '../../src/netfilter/machine.ts'
import { Outcome } from '../../src/netfilter/outcome.ts'
import { Topology } from '../../src/netfilter/topology.ts'
import { decodeBatch } from '../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../src/pipeline/packet-batch.ts'
import { Tracking } from '../conntrack/tracking.ts'
import { temporaryFolder } from '../support/files.ts'
import { pcap } from '../support/pcap.ts'
import { crowded, network, type Pair, type Sent } from './conversations.ts'

const folder = temporaryFolder()

/** A packet's label, and why, without the numbers of frames. */
function answer(tracking: Tracking, { bytes, gap, dropped }: Sent): string {
  tracking.wait(gap)
  const label = dropped ? tracking.sayDropped(bytes) : tracking.say(bytes)
  const { reason, a, b } = tracking.tracker.finding
  return `${label} ${reason} ${a} ${b} ${tracking.connection > 0 ? tracking.assured : ''}`
}

const answers = (packets: readonly Sent[], seed = 1): string[] => {
  const tracking = new Tracking({}, seed)
  return packets.map((sent) => answer(tracking, sent))
}

test('labels do not depend on the seed of the hash', () => {
  fc.assert(
    fc.property(network(crowded, 6), fc.integer(), (packets, seed) => {
      expect(answers(packets, seed)).toEqual(answers(packets))
    }),
    { numRuns: 60 },
  )
})

const elsewhere: fc.Arbitrary<Pair> = fc.record({
  client: fc.constantFrom('172.16.0.1', '9.0.0.1'),
  server: fc.constantFrom('172.16.9.9', '10.9.9.8'),
  port: fc.constantFrom(1000, 80),
})

test('labels do not depend on what others say meanwhile', () => {
  fc.assert(
    fc.property(network(crowded, 4), network(elsewhere, 8), fc.infiniteStream(fc.nat(3)), (own, others, turns) => {
      const tracking = new Tracking()
      const waiting = [...others]
      const mixed = own.map((sent) => {
        // The others talk within the pause, and take no time of their own.
        for (let i = turns.next().value; i > 0; i--) {
          const other = waiting.shift()
          if (other !== undefined) answer(tracking, { ...other, gap: 0 })
        }
        return answer(tracking, sent)
      })
      expect(mixed).toEqual(answers(own))
    }),
    { numRuns: 60 },
  )
})

test('labels do not depend on which end has the lower address', () => {
  const ends = (client: string, server: string): fc.Arbitrary<Pair> =>
    fc.record({ client: fc.constant(client), server: fc.constant(server), port: fc.constantFrom(1000, 1001) })
  const options = { numRuns: 60, seed: 7 }
  const drawn = (pairs: fc.Arbitrary<Pair>) => fc.sample(network(pairs, 5), options).map((packets) => answers(packets))
  expect(drawn(ends('10.0.0.1', '200.0.0.9'))).toEqual(drawn(ends('200.0.0.9', '10.0.0.1')))
})

/** What the whole machine says to a capture that is read in batches of so many frames. */
async function replayed(capture: string, capacity: number): Promise<string[]> {
  const machine = new Machine({
    topology: new Topology({ mode: 'router', local: [], interfaces: [] }),
    sysctls: sysctlsWith(new Map()),
    checksums: new ChecksumPolicy('verify'),
    ruleset4: null,
    ruleset6: null,
  })
  const outcome = new Outcome()
  const batch = new PacketBatch(capacity)
  const reader = await openCapture([capture])
  const said: string[] = []
  while (await reader.read(batch)) {
    decodeBatch(batch)
    for (let i = 0; i < batch.count; i++) {
      machine.process(batch, i, outcome)
      said.push(
        [
          outcome.state,
          outcome.direction,
          outcome.reason,
          outcome.reasonA,
          outcome.reasonFrame,
          outcome.connectionNumber,
        ].join(),
      )
    }
  }
  reader.close()
  return said
}

test('labels do not depend on how the capture is cut into batches', async () => {
  await fc.assert(
    fc.asyncProperty(network(crowded, 6), fc.constantFrom(1, 2, 7), async (packets, capacity) => {
      let time = 0
      const frames = packets.map(({ bytes, gap }) => {
        time += gap
        return { bytes, time }
      })
      const capture = join(folder, 'capture.pcap')
      writeFileSync(capture, pcap(frames))
      expect(await replayed(capture, capacity)).toEqual(await replayed(capture, 2048))
    }),
    { numRuns: 25 },
  )
})
