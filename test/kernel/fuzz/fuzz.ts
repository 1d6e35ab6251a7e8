import { parseArgs } from 'node:util'
import { kernelOracle } from '../kernel-oracle.ts'
import { runCampaign } from './campaign.ts'
import { GENERATORS } from './generators.ts'

const USAGE = `npm run fuzz -- [--packets N] [--seed N] [--only NAME] [--stop]

  --packets N   packets in all, spread evenly over the generators (1000000)
  --seed N      the same seed draws the same packets (by the clock)
  --only NAME   generators whose name holds NAME
  --stop        each generator stops at its first difference`

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
    stop: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const oracle = kernelOracle()
  if (!oracle.available) {
    console.error(`The running kernel cannot be asked: ${oracle.why}.`)
    return 2
  }
  const chosen = GENERATORS.filter(({ name }) => name.toLowerCase().includes(values.only.toLowerCase()))
  if (chosen.length === 0) {
    console.error(
      `--only ${values.only}: no such generator; there are ${GENERATORS.map(({ name }) => name).join(', ')}`,
    )
    return 2
  }
  const seed = Number(values.seed)
  const packets = Math.ceil(Number(values.packets) / chosen.length)
  const rows: (readonly [string, number, number, number])[] = []
  const stories: string[] = []
  for (const generator of chosen) {
    const result = await runCampaign({ oracle, generator, seed, packets, stopAtDifference: values.stop })
    rows.push([generator.name, result.packets, result.cases, result.differingCases])
    stories.push(...result.stories)
    console.log(line(generator.name, result.packets, result.cases, result.differingCases, seed))
  }
  const sum = (column: 1 | 2 | 3) => rows.reduce((total, row) => total + row[column], 0)
  console.log(line('all', sum(1), sum(2), sum(3), seed))
  for (const story of stories.slice(0, 12)) console.log(`\n${story}`)
  return sum(3) === 0 ? 0 : 1
}

function line(name: string, packets: number, cases: number, differing: number, seed: number): string {
  const counts = `${pad(packets, 9)} packets ${pad(cases, 8)} cases`
  return `${name.padEnd(28)} ${counts} ${pad(differing, 6)} differ  seed ${seed}`
}

function pad(count: number, width: number): string {
  return String(count).padStart(width)
}

process.exitCode = await main()
