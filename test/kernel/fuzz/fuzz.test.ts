import { describe, expect, it } from 'vitest'
import { kernelOracle } from '../kernel-oracle.ts'
import { runCampaign } from './campaign.ts'
import { GENERATORS } from './generators.ts'

const oracle = kernelOracle()
/** A day's seed: other packets every day, the same ones when a day's failure is looked into. */
const seed = Math.floor(Date.now() / 86_400_000)
const PACKETS = 2500

describe.skipIf(!oracle.available)(
  `fuzzing, seed ${seed} (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    it.each(GENERATORS.map((generator) => [generator.name, generator] as const))('%s', async (_, generator) => {
      if (!oracle.available) return
      const result = await runCampaign({ oracle, generator, seed, packets: PACKETS, stopAtDifference: true })
      expect(result.stories.join('\n')).toBe('')
      expect(result.packets).toBeGreaterThanOrEqual(PACKETS)
    })
  },
)
