import { mkdirSync } from 'node:fs'
import { CAPTURES, type CaptureKind, captureFile } from './captures.ts'
import { lineUp, TCPDUMP, USUAL_RULES, withRulesets } from './contenders.ts'
import { markdownTable } from './markdown-table.ts'
import { allocationRows, growthRows, PIPE_TITLES, pipeRows } from './memory.ts'
import { type BenchOptions, benchOptions, HELP, RULE_COUNTS } from './options.ts'
import { OUTPUT_TITLES, outputRows } from './outputs.ts'
import { measureRules, type RuleText, readableRulesets, rulesetOfFile } from './rule-times.ts'
import { rulesetFile } from './rulesets.ts'
import { measureStages } from './stages.ts'
import { TARGET_TITLES, targetRows } from './targets.ts'
import { variedRules, variedSets } from './varied-rules.ts'
import { type Measured, measure, median, pairedRatio } from './whole-process.ts'

/** Packets that rulesets are asked about. */
const RULE_SAMPLE = 100_000
const MISUSED = 2

const options = optionsOrEnd()
if (options === null) process.stdout.write(HELP)
else await bench(options)

function optionsOrEnd(): BenchOptions | null {
  try {
    return benchOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(MISUSED)
  }
}

async function bench(options: BenchOptions): Promise<void> {
  const { parts, scale, repeats, ruleCounts, cache } = options
  mkdirSync(cache, { recursive: true })
  const captures = options.captures.map((one) => ({ ...one, path: captureFile(one.kind, one.packets, cache) }))
  if (parts.has('processes')) {
    const targets: string[][] = []
    for (const { kind, packets, path } of captures) {
      const { contenders, missing } = lineUp(path, ruleCounts, kind.name === 'mixed', options.withTshark, cache)
      const { results, failed } = measure(contenders, path, repeats, cache)
      print(`${kind.name}: ${kind.what}`, processTable(results, packets))
      if (missing.length > 0) process.stdout.write(`Not run: ${missing.join(', ')}.\n\n`)
      for (const sentence of failed) process.stdout.write(`Left out: ${sentence}\n\n`)
      targets.push(...targetRows(kind.name, results))
    }
    print('Targets', markdownTable(TARGET_TITLES, targets))
  }
  if (parts.has('stages')) for (const { kind, path } of captures) await benchStages(kind.name, path, options)
  if (parts.has('rules')) await benchRules(options)
  const titles = ['', 'target', 'measured', '']
  if (parts.has('growth')) print('A connection table without a limit', markdownTable(titles, growthRows()))
  if (parts.has('allocation')) {
    print('Bytes on the heap for each packet', markdownTable(titles, allocationRows(scale, cache)))
  }
  if (parts.has('pipe')) {
    const rows = await pipeRows(options.gigabytes, cache)
    print('Resident memory on the way through a pipe', markdownTable(PIPE_TITLES, rows))
  }
}

async function benchStages(name: string, path: string, { ruleCounts, repeats, cache }: BenchOptions): Promise<void> {
  const rules = new Map(ruleCounts.map((count) => [`${count.toLocaleString('en')} rules`, rulesetFile(count, cache)]))
  const rows = (await measureStages(path, rules, repeats)).map(({ name: stage, after, total, own }) => [
    stage,
    own.toFixed(0),
    after === null ? '' : `${total.toFixed(0)} with ${after}`,
  ])
  print(`${name}: stages in one process`, markdownTable(['stage', 'ns a packet', 'measured'], rows))
  const outputs = await outputRows(path, rulesetFile(USUAL_RULES, cache), repeats)
  print(`${name}: outputs`, markdownTable(OUTPUT_TITLES, outputs))
}

/** Packets of both families are asked about: of new connections, of known ones, and with interfaces that are not known. */
async function benchRules({ cache, repeats, rulesets }: BenchOptions): Promise<void> {
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
  const path = captureFile(kind, packets, cache)
  const { results } = measure(withRulesets(path, files), path, repeats, cache)
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
