import { describe, expect, it } from 'vitest'
import { kernelOracle } from '../../kernel/kernel-oracle.ts'
import { answersOfCtreplay, answersOfKernel } from './answers.ts'
import { askTogether, type BothAnswers } from './batch.ts'
import { mutated, randomFrom } from './mutation.ts'
import { HELPER_PROBES } from './probes/index.ts'

const oracle = kernelOracle()
/** More with `MUTATIONS=5000 SEED=7 ONLY=sip npx vitest run test/conntrack/helpers/mutation`. */
const COUNT = Number(process.env.MUTATIONS ?? 400)
const SEED = Number(process.env.SEED ?? 1)
const BATCH = 200

const PROBES = HELPER_PROBES.filter(({ name }) => name.includes(process.env.ONLY ?? ''))

function differ({ ours, kernel }: BothAnswers): boolean {
  return ours.join() !== kernel.join()
}

/** What both sides said where they differ first, and all packets until then. */
function storyOf({ probe: { name, packets }, ours, kernel }: BothAnswers): string {
  const first = ours.findIndex((answer, i) => answer !== kernel[i])
  const texts = packets.slice(0, first + 1).map((packet) => {
    const bytes = packet instanceof Uint8Array ? packet : packet.bytes
    const payload = Buffer.from(bytes.subarray(bytes[0] >> 4 === 6 ? 40 : 20))
    return name.startsWith('h323') ? payload.toString('hex') : JSON.stringify(payload.toString('latin1'))
  })
  return [name, ...texts, `we: ${ours[first]}`, `the kernel: ${kernel[first]}`].join('\n')
}

describe('probes with bytes changed', () => {
  it('never break a helper', async () => {
    const random = randomFrom(SEED + 1)
    for (let i = 0; i < 300; i++) {
      const probe = mutated(HELPER_PROBES[random(HELPER_PROBES.length)], random)
      expect(await answersOfCtreplay(probe)).toHaveLength(probe.packets.length)
    }
  })

  it.skipIf(!oracle.available)(
    `are taken as the kernel takes them (${oracle.available ? 'it is asked' : oracle.why})`,
    async () => {
      if (!oracle.available) return
      const random = randomFrom(SEED)
      const differing: string[] = []
      for (let done = 0; done < COUNT; done += BATCH) {
        const probes = Array.from({ length: Math.min(BATCH, COUNT - done) }, () =>
          mutated(PROBES[random(PROBES.length)], random),
        )
        for (const { probe } of (await askTogether(oracle, probes)).filter(differ)) {
          // Asked alone: neither a busy machine nor what another probe left behind is to blame.
          const alone = { probe, ours: await answersOfCtreplay(probe), kernel: await answersOfKernel(oracle, probe) }
          if (differ(alone)) differing.push(storyOf(alone))
        }
      }
      expect(differing).toEqual([])
    },
    600_000,
  )
})
