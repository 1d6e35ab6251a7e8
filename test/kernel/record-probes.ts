import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kernelOracle } from './kernel-oracle.ts'
import { askKernel } from './probe-kernel.ts'
import { PROBES } from './probes/index.ts'

/** Writes the running kernel's answers to all probes into the file that probes.test.ts reads. */
const oracle = kernelOracle()
if (!oracle.available) throw new Error(`The kernel cannot be asked here: ${oracle.why}`)
const target = join('test', 'kernel', 'recorded-6.18.json')
const answers = Object.entries(await askKernel(oracle, PROBES))
const lines = answers.map(
  ([name, said]) => `  ${JSON.stringify(name)}: ${JSON.stringify(said).replaceAll('","', '", "')}`,
)
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`)
console.log(`wrote ${answers.length} probes to ${target}`)
