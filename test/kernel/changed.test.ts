import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { capturesIn, datagramsIn, survey } from './captures.ts'
import { CHANGE_NAMES, changed, isFrom } from './changed-traffic.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { BUSY_KERNEL } from './pair.ts'
import { lastingDifference } from './run-packets.ts'

const DATAGRAMS_MAX = 500

const oracle = kernelOracle()

describe.skipIf(!oracle.available)(
  `the sample captures, changed (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  BUSY_KERNEL,
  () => {
    it.each(CHANGE_NAMES.map((name, seed) => [name, seed] as const))('%s', async (kind, seed) => {
      if (!oracle.available) return
      for (const capture of capturesIn('pcaps')) {
        const packets = changed(await datagramsIn(capture, DATAGRAMS_MAX), kind, seed)
        const difference = await lastingDifference(oracle, { mode: 'router', helper: 'auto', packets })
        expect(difference, basename(capture)).toBe('')
      }
    })

    it.each(CHANGE_NAMES.map((name, seed) => [name, seed] as const))('%s, to a host', async (kind, seed) => {
      if (!oracle.available) return
      for (const capture of capturesIn('pcaps')) {
        const { local } = await survey(capture)
        if (local.length === 0) continue
        const datagrams = await datagramsIn(capture, DATAGRAMS_MAX)
        const packets = changed(datagrams, kind, seed, (datagram) => !isFrom(datagram, local))
        const difference = await lastingDifference(oracle, { mode: 'host', local, helper: 'auto', packets })
        expect(difference, basename(capture)).toBe('')
      }
    })
  },
)
