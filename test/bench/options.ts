import { statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CAPTURES, type CaptureKind } from './captures.ts'

export const RULE_COUNTS = [10, 100, 1000, 10_000, 50_000]
const PACKETS_AT_LEAST = 1000
export const PARTS = ['processes', 'stages', 'rules', 'growth', 'allocation', 'pipe'] as const
const CAPTURE_NAMES = CAPTURES.map(({ name }) => name)
/** Of what goes through the pipe, for captures of their own size. */
const GIGABYTES = 10

export const HELP = `npm run bench -- [options]

Makes captures, replays them by ctreplay and by what else is installed (tcpdump, a reference in C, Open vSwitch, softflowd,
argus, tshark), whole processes in turn, and prints medians and targets as Markdown; then single stages and memory. Use a
machine with nothing else to do.

  --captures LIST   of ${CAPTURE_NAMES.join(', ')} (default: a4,a,b,mixed)
  --scale X         captures of X times their size (default: 1)
  --packets N       captures of N packets each
  --repeats N       runs of each, after one for warm-up (default: 5)
  --rules LIST      numbers of rules (default: ${RULE_COUNTS.join()})
  --only LIST       of processes, stages of a replay in one process, rules (how long rulesets take to load, and to ask),
                    growth of the connection table, allocation for each packet, pipe (default: all)
  --rulesets DIR    rules: also those of a folder (*.iptables-save, *.ip6tables-save), and whole replays with them
  --gigabytes N     pipe: how much goes through it (default: ${GIGABYTES} times the scale)
  --tshark          also run tshark, which takes a minute for a million packets
  --cache DIR       where captures are kept (default: node_modules/.cache/ctreplay/bench)
`

/** What is to be measured. */
export interface BenchOptions {
  readonly captures: readonly { readonly kind: CaptureKind; readonly packets: number }[]
  readonly scale: number
  readonly repeats: number
  readonly ruleCounts: readonly number[]
  readonly parts: ReadonlySet<(typeof PARTS)[number]>
  readonly rulesets: string | undefined
  readonly gigabytes: number
  readonly withTshark: boolean
  readonly cache: string
}

/** Null where help is asked for. Throws an Error with a sentence where an option makes no sense, before anything is measured. */
export function benchOptions(args: readonly string[]): BenchOptions | null {
  const { values: asked } = parseArgs({
    args: [...args],
    options: {
      captures: { type: 'string', default: 'a4,a,b,mixed' },
      scale: { type: 'string', default: '1' },
      packets: { type: 'string' },
      repeats: { type: 'string', default: '5' },
      rules: { type: 'string', default: RULE_COUNTS.join() },
      only: { type: 'string', default: PARTS.join() },
      rulesets: { type: 'string' },
      gigabytes: { type: 'string' },
      tshark: { type: 'boolean', default: false },
      cache: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (asked.help) return null
  const scale = positive(asked.scale, '--scale')
  const packetsOf = (kind: CaptureKind): number =>
    asked.packets === undefined ? kind.packets * scale : positive(asked.packets, '--packets')
  const { rulesets } = asked
  if (rulesets !== undefined && !statSync(rulesets, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`--rulesets: "${rulesets}" is no folder`)
  }
  return {
    captures: asked.captures.split(',').map((name) => {
      const kind = CAPTURES[CAPTURE_NAMES.indexOf(oneOf(name, CAPTURE_NAMES, '--captures'))]
      return { kind, packets: Math.max(PACKETS_AT_LEAST, Math.round(packetsOf(kind))) }
    }),
    scale,
    repeats: whole(asked.repeats, '--repeats'),
    ruleCounts: asked.rules.split(',').map((count) => whole(count, '--rules')),
    parts: new Set(asked.only.split(',').map((part) => oneOf(part, PARTS, '--only'))),
    rulesets,
    gigabytes: asked.gigabytes === undefined ? GIGABYTES * scale : positive(asked.gigabytes, '--gigabytes'),
    withTshark: asked.tshark,
    cache: asked.cache ?? join(process.cwd(), 'node_modules/.cache/ctreplay/bench'),
  }
}

function positive(text: string, option: string): number {
  const number = Number(text)
  if (!(number > 0 && number < Number.POSITIVE_INFINITY)) {
    throw new Error(`${option}: "${text}" is not a number above 0`)
  }
  return number
}

function whole(text: string, option: string): number {
  const number = positive(text, option)
  if (!Number.isInteger(number)) throw new Error(`${option}: "${text}" is not a whole number`)
  return number
}

function oneOf<Name extends string>(text: string, names: readonly Name[], option: string): Name {
  const name = names.find((one) => one === text)
  if (name === undefined) throw new Error(`${option}: "${text}" is none of ${names.join(', ')}`)
  return name
}
