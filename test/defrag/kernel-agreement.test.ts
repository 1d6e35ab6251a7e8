import { describe, expect, test } from 'vitest'
import { SYSCTL_DEFAULTS } from '../../src/conntrack/sysctls.ts'
import { DEFRAG_COMPLETE, DEFRAG_PASS, Defragmenter, type DefragOptions } from '../../src/defrag/defragmenter.ts'
import { FRAGMENT_DEFRAG, P_FAMILY, P_FRAGMENT } from '../../src/wire/packet-fields.ts'
import { askKernel, noOracle } from '../support/oracle.ts'
import { datagram, destinationOptions, fragmentHeader, hopByHop } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { decodeToFields } from '../support/row.ts'

/** A small generator of numbers, so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return (seed >>> 8) % below
  }
}

/** Fragments that mostly do not fit together: a few identifications, few places, lengths of all kinds. */
function odd(seed: number, count: number): Uint8Array[] {
  const random = generator(seed)
  return Array.from({ length: count }, (_, index) => {
    const id = 1 + random(6) + (index >> 6) * 10
    const offset = random(60) === 0 ? 65_528 - random(4) * 8 : random(6) * 8 * (random(3) === 0 ? 2 : 1)
    const payload = new Uint8Array([8, 16, 24, 8, 16, 13, 3, 0, 1, 40][random(10)]).fill(index)
    const mf = random(3) > 0
    const protocol = random(15) === 0 ? 6 : 17
    const tos = random(40) === 0 ? random(4) : 2 * (id & 1)
    if (random(2) === 0)
      return datagram(`10.0.0.${1 + random(2)}>10.9.9.9`, protocol, payload, {
        id,
        offset,
        mf,
        tos,
        df: random(20) === 0,
      })
    const extensions = [fragmentHeader(offset, mf, id)]
    if (random(8) === 0) extensions.unshift(destinationOptions())
    if (random(12) === 0) extensions.unshift(hopByHop())
    return datagram(`2001:db8::${1 + random(2)}>2001:db8::9`, protocol, payload, { extensions, tos })
  })
}

/** For each frame: does something go on to the hooks after defragmentation? */
function goesOn(frames: readonly CaptureFrame[], options: Partial<DefragOptions>): boolean[] {
  const defrag = new Defragmenter({ ...SYSCTL_DEFAULTS, ...options })
  return frames.map(({ bytes, time }, index) => {
    const fields = decodeToFields(bytes)
    if (fields[P_FAMILY] === 0) return false
    if ((fields[P_FRAGMENT] & FRAGMENT_DEFRAG) === 0) return true
    const result = defrag.add(bytes, fields, 0, (time ?? 0) * 1e9, index + 1)
    return result === DEFRAG_COMPLETE || result === DEFRAG_PASS
  })
}

async function compare(
  frames: readonly CaptureFrame[],
  defrag: Partial<DefragOptions>,
  oracle: readonly string[],
): Promise<void> {
  const answers = await askKernel(frames, oracle)
  const theirs = answers.map((answer) => answer.state !== 'FRAG_QUEUED' && answer.state !== 'IP_DROP')
  const ours = goesOn(frames, defrag)
  const different = ours.flatMap((yes, index) => (yes === theirs[index] ? [] : [index + 1]))
  expect(different).toEqual([])
}

describe.skipIf(noOracle !== '')(`the running kernel ${noOracle}`, () => {
  test.each([1, 2, 3])('does the same with odd fragments (seed %i)', async (seed) => {
    await compare(
      odd(seed, 2000).map((bytes, index) => ({ bytes, time: index * 1e-3 })),
      {},
      [],
    )
  })

  test('times out the same', async () => {
    const time = (index: number) => index * 0.03
    await compare(
      odd(7, 120).map((bytes, index) => ({ bytes, time: time(index) })),
      { 'net.ipv4.ipfrag_time': 1, nf_conntrack_frag6_timeout: 1 },
      ['--realtime-gaps', '1', '--sysctl', 'net.ipv4.ipfrag_time=1', '--sysctl', 'nf_conntrack_frag6_timeout=1'],
    )
  })

  test.each([100, 600, 1400, 2904, 3704, 9000])(
    'reaches its memory limit at the same fragment of %i bytes',
    async (length) => {
      const limit = 100_000
      const frames = Array.from({ length: 150 }, (_, index) => [
        datagram(`10.0.0.${index + 1}>10.9.9.9`, 17, new Uint8Array(length), { mf: true, id: index }),
        datagram(`10.0.1.${index + 1}>10.9.9.9`, 17, new Uint8Array(16), { mf: true, id: index }),
        datagram(`10.0.1.${index + 1}>10.9.9.9`, 17, new Uint8Array(16), { offset: 16, id: index }),
      ]).flat()
      await compare(
        frames.map((bytes) => ({ bytes })),
        { 'net.ipv4.ipfrag_high_thresh': limit },
        ['--sysctl', 'net.ipv4.ipfrag_low_thresh=50000', '--sysctl', `net.ipv4.ipfrag_high_thresh=${limit}`],
      )
    },
  )
})
