import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CAPTURES, type CaptureKind, captureFile } from './captures.ts'
import { lineUp, TCPDUMP, USUAL_RULES, withRulesets } from './contenders.ts'
import { markdownTable } from './markdown-table.ts'
import { allocationRows, growthRows, PIPE_TITLES, pipeRows } from './memory.ts'
import { OUTPUT_TITLES, outputRows } from './outputs.ts'
import { measureRules, type RuleText, readableRulesets, rulesetOfFile } from './rule-times.ts'
import { rulesetFile } from './rulesets.ts'
import { measureStages } from './stages.ts'
import { TARGET_TITLES, targetRows } from './targets.ts'
import { variedRules, variedSets } from './varied-rules.ts'
import { type Measured, measure, median, pairedRatio } from './whole-process.ts'

const RULE_COUNTS = [10, 100, 1000, 10_000, 50_000]
const PACKETS_AT_LEAST = 1000
const PARTS = ['processes', 'stages', 'rules', 'growth', 'allocation', 'pipe'] as const
/** Packets that rulesets are asked about. */
const RULE_SAMPLE = 100_000
const CAPTURE_NAMES = CAPTURES.map(({ name }) => name)
const HELP = `npm run bench -- [options]

Makes captures, replays them by ctreplay and by what else is installed (tcpdump, a reference in C, Open vSwitch, softflowd,
argus, tshark), whole processes in turn, and prints medians and targets as Markdown; then single stages and memory. Use a
machine with nothing else to do.

  --captures LIST   of ${CAPTURE_NAMES.join(', ')} (default: a4,a,b,mixed)
  --scale X         captures of X times their size (default: 1)
  --packets N       captures of N packets each
  --repeats N       runs of each, behind one for warm-up (default: 5)
  --rules LIST      numbers of rules (default: ${RULE_COUNTS.join()})
  --only LIST       of processes, stages of a replay in one process, rules (how long rulesets take to load, and to ask),
                    growth of the connection table, allocation for each packet, pipe (default: all)
  --rulesets DIR    rules: also those of a folder (*.iptables-save, *.ip6tables-save), and whole replays with them
  --gigabytes N     pipe: how much goes through it (default: 10 times the scale)
  --tshark          also run tshark, which takes a minute for a million packets
  --cache DIR       where captures are kept (default: node_modules/.cache/ctreplay/bench)
`

const { values: asked } = parseArgs({
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

if (asked.help) process.stdout.write(HELP)
else await bench()

async function bench(): Promise<void> {
  const cache = asked.cache ?? join(process.cwd(), 'node_modules/.cache/ctreplay/bench')
  mkdirSync(cache, { recursive: true })
  const repeats = positive(asked.repeats, '--repeats')
  const scale = positive(asked.scale, '--scale')
  const parts = new Set(asked.only.split(',').map((part) => oneOf(part, PARTS, '--only')))
  const captures = asked.captures.split(',').map((name) => {
    const kind = CAPTURES[CAPTURES.findIndex((one) => one.name === oneOf(name, CAPTURE_NAMES, '--captures'))]
    const wanted = asked.packets === undefined ? kind.packets * scale : positive(asked.packets, '--packets')
    const packets = Math.max(PACKETS_AT_LEAST, Math.round(wanted))
    return { kind, packets, path: captureFile(kind, packets, cache) }
  })
  if (parts.has('processes')) {
    const targets: string[][] = []
    for (const { kind, packets, path } of captures) {
      const counts = asked.rules.split(',').map((count) => positive(count, '--rules'))
      const { contenders, missing } = lineUp(path, counts, kind.name === 'mixed', asked.tshark, cache)
      const results = measure(contenders, repeats, cache)
      print(`${kind.name}: ${kind.what}`, processTable(results, packets))
      if (missing.length > 0) process.stdout.write(`Not run: ${missing.join(', ')}.\n\n`)
      targets.push(...targetRows(kind.name, results))
    }
    print('Targets', markdownTable(TARGET_TITLES, targets))
  }
  if (parts.has('stages')) for (const { kind, path } of captures) await benchStages(kind.name, path, repeats, cache)
  if (parts.has('rules')) await benchRules(cache, repeats)
  const titles = ['', 'target', 'measured', '']
  if (parts.has('growth')) print('A connection table without a limit', markdownTable(titles, growthRows()))
  if (parts.has('allocation')) {
    print('Bytes on the heap for each packet', markdownTable(titles, allocationRows(scale, cache)))
  }
  if (parts.has('pipe')) {
    const gigabytes = asked.gigabytes === undefined ? 10 * scale : positive(asked.gigabytes, '--gigabytes')
    print('Resident memory on the way through a pipe', markdownTable(PIPE_TITLES, await pipeRows(gigabytes, cache)))
  }
}

async function benchStages(name: string, path: string, repeats: number, cache: string): Promise<void> {
  const counts = asked.rules.split(',').map((count) => positive(count, '--rules'))
  const rules = new Map(counts.map((count) => [`${count.toLocaleString('en')} rules`, rulesetFile(count, cache)]))
  const rows = (await measureStages(path, rules, repeats)).map(({ name: stage, behind, total, own }) => [
    stage,
    own.toFixed(0),
    behind === null ? '' : `${total.toFixed(0)} with ${behind}`,
  ])
  print(`${name}: stages in one process`, markdownTable(['stage', 'ns a packet', 'measured'], rows))
  const outputs = await outputRows(path, rulesetFile(USUAL_RULES, cache), repeats)
  print(`${name}: outputs`, markdownTable(OUTPUT_TITLES, outputs))
}

/** Packets of both families are asked about: of new connections, of known ones, and with interfaces that are not known. */
async function benchRules(cache: string, repeats: number): Promise<void> {
  const [mixed, scan] = ['mixed', 'scan'].map((name) => CAPTURES.find((kind) => kind.name === name) ?? CAPTURES[0])
  const texts = RULE_COUNTS.flatMap((count): RuleText[] => {
    const rules = (family: 'ipv4' | 'ipv6', stateFirst: boolean): RuleText => ({
      name: `${count.toLocaleString('en')} rules, ${family}${stateFirst ? ', known connections first' : ''}`,
      family,
      text: variedRules(count, family, stateFirst),
      sets: variedSets(family),
    })
    return [rules('ipv4', false), rules('ipv4', true), rules('ipv6', false)]
  })
  const { rulesets } = asked
  const files = rulesets === undefined ? [] : readableRulesets(rulesets)
  texts.push(...files.map((path) => rulesetOfFile(path)))
  const rows: string[][] = []
  for (const text of texts) {
    const [times] = await measureRules(captureFile(mixed, RULE_SAMPLE, cache), [text], repeats)
    const numbers = [times.parse, times.compile, times.opening, times.known, times.unknown]
    rows.push([times.name, ...numbers.map((number) => number.toFixed(0))])
  }
  const titles = ['rules', 'parse, ms', 'compile, ms', 'new, ns', 'known, ns', 'interface unknown, ns']
  print('rules: loading, and asking about a packet', markdownTable(titles, rows))
  for (const kind of files.length > 0 ? [mixed, scan] : []) {
    print(`rules: whole replays of ${kind.name}, interfaces not known`, replayTable(files, kind, repeats, cache))
  }
}

/** The slowest first. */
function replayTable(files: readonly string[], kind: CaptureKind, repeats: number, cache: string): string {
  const packets = 10 * RULE_SAMPLE
  const results = measure(withRulesets(captureFile(kind, packets, cache), files), repeats, cache)
  const rows = results
    .map(({ name, seconds }) => ({ name, seconds: median(seconds) }))
    .toSorted((one, other) => other.seconds - one.seconds)
    .map(({ name, seconds }) => [name, seconds.toFixed(2), ((seconds * 1e9) / packets).toFixed(0)])
  return markdownTable(['rules', 'seconds', 'ns a packet, start included'], rows)
}

function processTable(results: readonly Measured[], packets: number): string {
  const yardstick = results.find(({ name }) => name === TCPDUMP) ?? results[0]
  const rows = results.map((result) => {
    const middle = median(result.seconds)
    return [
      result.name,
      middle.toFixed(2),
      pairedRatio(result, yardstick).toFixed(2),
      (packets / middle / 1e6).toFixed(2),
      result.peakKiB === 0 ? '' : (result.peakKiB / 1024).toFixed(0),
    ]
  })
  return markdownTable(['program', 'seconds', `times ${yardstick.name}`, 'million packets/s', 'peak MiB'], rows)
}

function print(title: string, table: string): void {
  process.stdout.write(`## ${title}\n\n${table}\n`)
}

function positive(text: string, option: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`${option}: "${text}" is not a number above 0`)
  return number
}

function oneOf<Name extends string>(text: string, names: readonly Name[], option: string): Name {
  const name = names.find((one) => one === text)
  if (name === undefined) throw new Error(`${option}: "${text}" is none of ${names.join(', ')}`)
  return name
}
