import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Replaying } from '../netfilter/replaying.ts'
import { temporaryFolder } from '../support/files.ts'
import { udp } from '../support/packets.ts'
import { pcap } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'

const PACKETS = 5000
const OPTION_BYTES_MAX = 40
/** End, no-operation, record route, timestamps, source routes, router alert, security, CIPSO, stream. */
const KINDS = [0, 1, 7, 68, 131, 137, 148, 130, 134, 136]

/** An option whose length, pointer and flags may be right, or nearly. */
const option = fc
  .record({
    kind: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...KINDS) }, fc.nat(255)),
    size: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(2, 3, 4, 7, 8, 11, 12, 20) }, fc.nat(OPTION_BYTES_MAX)),
    body: fc.array(fc.oneof(fc.constantFrom(0, 1, 3, 4, 5, 8, 9, 12, 13, 0xf0, 0xf3), fc.nat(255)), {
      minLength: OPTION_BYTES_MAX,
      maxLength: OPTION_BYTES_MAX,
    }),
  })
  .map(({ kind, size, body }) => (kind < 2 ? [kind] : [kind, size, ...body.slice(0, Math.max(0, size - 2))]))
const options = fc.array(option, { minLength: 1, maxLength: 3 }).map((all) => all.flat().slice(0, OPTION_BYTES_MAX))

const oracle = kernelOracle()
const folder = temporaryFolder()

describe.skipIf(!oracle.available)(`IPv4 options (${oracle.available ? 'the kernel is asked' : oracle.why})`, () => {
  it('a router refuses the same', async () => {
    if (!oracle.available) return
    const asked = fc.sample(options, { numRuns: PACKETS, seed: 6 })
    const packets = asked.map((ipOptions, at) => udp(`10.0.0.1:${10_000 + at}>10.9.9.9:53`, { ipOptions }))
    const capture = join(folder, 'options.pcap')
    writeFileSync(capture, pcap(packets))
    const lines = await oracle.run(capture, [])
    const router = new Replaying()
    const differing = packets.flatMap((packet, at) => {
      const kernel = lines[at].verdict === 'not-routed' ? 'NEW not-routed' : 'NEW FORWARD ACCEPT'
      const ours = router.say(packet)
      return ours === kernel ? [] : [`${asked[at].join(' ')}: ${kernel}, ours ${ours}`]
    })
    expect(differing).toEqual([])
    expect(new Set(lines.map(({ verdict }) => verdict))).toEqual(new Set(['ACCEPT', 'not-routed']))
  })
})
