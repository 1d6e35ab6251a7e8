import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kernelOracle } from './kernel-oracle.ts'
import { askKernel } from './probe-kernel.ts'
import { PROBES } from './probes/index.ts'

/** Writes the running kernel's answers to all probes into the file that probes.test.ts reads. */
const oracle = kernelOracle()
if (!oracle.available) throw new Error(`The kernel cannot be asked here: ${oracle.why}`)
const target = join('test', 'kernel', 'recorded-6.18.json')
writeFileSync(target, `${JSON.stringify(await askKernel(oracle, PROBES), null, 2)}\n`)
console.log(`wrote ${PROBES.length} probes to ${target}; format it with: npx biome check --write ${target}`)
