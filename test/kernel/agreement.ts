import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { pcap } from '../support/pcap.ts'
import { CAPTURE_NAME, capturesIn, datagramsIn, survey } from './captures.ts'
import { CHANGE_NAMES, changed, isFrom } from './changed-traffic.ts'
import { addCounts, type Field } from './compare.ts'
import type { CounterComparison } from './counters.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { NotComparable } from './not-comparable.ts'
import { type Pair, type PairResult, runPair } from './pair.ts'
import { randomTraffic } from './random-traffic.ts'
import { countersStoryOf, storyOf, tableStoryOf } from './story.ts'

const USAGE = `npm run agreement -- [options]

Replays captures through the running kernel and through ctreplay and compares every frame: label, direction, verdict,
deciding rule, reason; and at the end the connections and expectations that are left, and what each rule and policy has
counted. Needs root and Linux 6.16 or newer.

  --captures DIR      captures of a folder (default: pcaps)
  --capture FILE      one capture (repeatable)
  --rulesets DIR      each capture with each ruleset of a folder, besides without rules
  --rules FILE        with this iptables-save file; --rules6 FILE likewise for IPv6
  --mode router|host  only this mode (default: both)
  --checksum verify|ignore   only this treatment of checksums (default: both)
  --helper auto       the usual helpers on their usual ports
  --random N          random traffic instead of captures: seeds 1 to N, 3000 packets each
  --change N          instead of each capture N changed ones: with losses, other headers, fragments, ICMP errors and more,
                      one kind in each; by a router, or with --mode host what comes to the host (what it sends is put right as the
                      oracle sends it)
  --local ADDR,...    host mode: addresses of the machine (default: the busiest address of each capture)
  --first-difference  the story of the first difference of each pair, and of their tables and counters
  --differing         print only the pairs that differ`

const { values } = parseArgs({
  options: {
    captures: { type: 'string' },
    capture: { type: 'string', multiple: true },
    rulesets: { type: 'string' },
    rules: { type: 'string' },
    rules6: { type: 'string' },
    mode: { type: 'string' },
    checksum: { type: 'string' },
    helper: { type: 'string' },
    random: { type: 'string' },
    change: { type: 'string' },
    local: { type: 'string' },
    'first-difference': { type: 'boolean', default: false },
    differing: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** Of each capture, for --change. */
const DATAGRAMS_MAX = 4000

const totals = {
  pairs: 0,
  frames: 0,
  labelled: 0,
  equal: 0,
  differing: new Map<Field, number>(),
  rows: 0,
  equalRows: 0,
  excludedRows: 0,
  differingRows: new Map<string, number>(),
  countedPairs: 0,
  counters: 0,
  equalCounters: 0,
  zeroCounters: 0,
  differingCounters: 0,
  unfairCounters: new Map<string, number>(),
  excluded: new Map<string, number>(),
  incomparable: new Map<string, number>(),
  changes: new Map<string, number>(),
}

if (values.help) console.log(USAGE)
else await main()

async function main(): Promise<void> {
  const oracle = kernelOracle()
  if (!oracle.available) {
    console.error(`The kernel cannot be asked here: ${oracle.why}`)
    process.exitCode = 2
    return
  }
  const waiting = await pairs()
  const worker = async (): Promise<void> => {
    for (let pair = waiting.shift(); pair !== undefined; pair = waiting.shift()) {
      try {
        report(pair, await runPair(oracle, pair))
      } catch (error) {
        const message = String((error as Error).message).split('\n')[0]
        if (!(error instanceof NotComparable)) totals.differing.set('fate', (totals.differing.get('fate') ?? 0) + 1)
        const kind = error instanceof NotComparable ? 'not comparable' : 'FAILED'
        addCounts(totals.incomparable, new Map([[`${kind}: ${message}`, 1]]))
        if (kind === 'FAILED') console.log(`${nameOf(pair)}\n    FAILED: ${(error as Error).stack}`)
      }
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  printTotals()
  if (totals.differing.size + totals.differingRows.size + totals.differingCounters > 0) process.exitCode = 1
}

/** All pairs asked for, in a fixed order. */
async function pairs(): Promise<Pair[]> {
  const given = values.capture ?? randomCaptures() ?? capturesIn(values.captures ?? 'pcaps')
  const captures = values.change === undefined ? given.map(asItIs) : await changedCaptures(given, Number(values.change))
  const rulesets = values.rulesets === undefined ? [] : rulesetsIn(values.rulesets)
  const hasRules = values.rules !== undefined || values.rules6 !== undefined
  const own = { ...(values.rules ? { rules: values.rules } : {}), ...(values.rules6 ? { rules6: values.rules6 } : {}) }
  const rules: (typeof own)[] = hasRules ? [own] : [{}, ...rulesets]
  const helper = values.helper === 'auto' ? ({ helper: 'auto' } as const) : {}
  const found: Pair[] = []
  for (const { capture, local } of captures) {
    for (const ruleset of rules) {
      for (const mode of ['router', 'host'] as const) {
        if ((values.mode ?? (values.change === undefined ? mode : 'router')) !== mode) continue
        for (const checksum of ['verify', 'ignore'] as const) {
          if (values.checksum !== undefined && values.checksum !== checksum) continue
          found.push({
            capture,
            mode,
            checksum,
            ...helper,
            ...ruleset,
            ...(mode === 'host' && local !== undefined ? { local } : {}),
          })
        }
      }
    }
  }
  return found
}

/** A folder that is removed when the process ends. */
function folderFor(what: string): string {
  const folder = mkdtempSync(join(tmpdir(), `ctreplay-${what}-`))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  return folder
}

/** A capture to replay, and the machine's addresses in host mode; without, the capture's busiest ones are taken. */
type ToReplay = Pick<Pair, 'capture' | 'local'>

function asItIs(capture: string): ToReplay {
  return { capture, ...(values.local === undefined ? {} : { local: values.local.split(',') }) }
}

async function changedCaptures(captures: readonly string[], times: number): Promise<ToReplay[]> {
  const folder = folderFor('changed')
  const files: ToReplay[] = []
  for (const capture of captures) {
    const { local = (await survey(capture)).local } = asItIs(capture)
    const mayChange = (datagram: Uint8Array): boolean => values.mode !== 'host' || !isFrom(datagram, local)
    const frames = await datagramsIn(capture, DATAGRAMS_MAX)
    if (frames.length === 0)
      addCounts(totals.incomparable, new Map([['not comparable: no whole datagram to change', 1]]))
    for (let seed = 1; seed <= times && frames.length > 0; seed++) {
      const kind = CHANGE_NAMES[(seed - 1) % CHANGE_NAMES.length]
      const file = join(folder, `${basename(capture)}, ${kind} (${seed}).pcap`)
      writeFileSync(file, pcap(changed(frames, kind, seed, mayChange)))
      files.push({ capture: file, local })
    }
  }
  return files
}

function randomCaptures(): string[] | null {
  if (values.random === undefined) return null
  const folder = folderFor('random')
  return Array.from({ length: Number(values.random) }, (_, index) => {
    const file = join(folder, `random-${index + 1}.pcap`)
    writeFileSync(file, pcap(randomTraffic(index + 1, 3000)))
    return file
  })
}

function rulesetsIn(folder: string): { rules?: string; rules6?: string }[] {
  const names = readdirSync(folder).sort()
  return names
    .filter((name) => /save$|\.v[46]$|\.rules6?$/.test(name) && !CAPTURE_NAME.test(name))
    .map((name) => (/ip6tables|6$/.test(name) ? { rules6: join(folder, name) } : { rules: join(folder, name) }))
}

function nameOf(pair: Pair): string {
  const rules = [pair.rules, pair.rules6].filter((file) => file !== undefined).map((file) => basename(file))
  const helper = pair.helper === 'auto' ? ' helpers' : ''
  return `${basename(pair.capture)} ${rules.join('+') || '(no rules)'} ${pair.mode} ${pair.checksum}${helper}`
}

function report(pair: Pair, result: PairResult): void {
  const { comparison, tables, counters } = result
  totals.pairs++
  totals.frames += comparison.frames
  totals.labelled += comparison.labelled
  totals.equal += comparison.equal
  addCounts(totals.differing, comparison.differing)
  addCounts(totals.excluded, comparison.excluded)
  addCounts(totals.changes, result.changes)
  totals.rows += tables.rows
  totals.equalRows += tables.equal
  totals.excludedRows += tables.excluded
  const differingRows = new Map<string, number>()
  for (const { what } of tables.differences) addCounts(differingRows, new Map([[what, 1]]))
  addCounts(totals.differingRows, differingRows)
  addCounters(counters)
  const differences = comparison.differences.length + tables.differences.length + counters.differences.length
  if (values.differing && differences === 0) return
  const differing = [...comparison.differing].map(([field, count]) => `${field} ${count}`).join(', ') || 'none'
  const excluded = [...comparison.excluded].map(([why, count]) => `; ${count} excluded: ${why}`).join('')
  console.log(
    `${nameOf(pair)}: ${comparison.frames} frames, ${comparison.labelled} labelled, ${comparison.equal} equal, differing: ${differing}${excluded}` +
      `; ${tableText(tables.rows, tables.equal, tables.excluded, differingRows)}${countersText(counters)}`,
  )
  const first = comparison.differences[0]
  if (values['first-difference'] && first !== undefined) console.log(indent(storyOf(result, first)))
  const [row] = tables.differences
  if (values['first-difference'] && row !== undefined) console.log(indent(tableStoryOf(result, row)))
  const story = countersStoryOf(counters.differences)
  if (values['first-difference'] && story !== '') console.log(indent(story))
}

function addCounters({ unfair, compared, equal, zero, differences }: CounterComparison): void {
  if (unfair !== null) {
    addCounts(totals.unfairCounters, new Map([[unfair, 1]]))
    return
  }
  totals.countedPairs++
  totals.counters += compared
  totals.equalCounters += equal
  totals.zeroCounters += zero
  totals.differingCounters += differences.length
}

function countersText({ unfair, compared, equal, differences }: CounterComparison): string {
  if (unfair === 'no rules') return ''
  if (unfair !== null) return `; counters not compared: ${unfair}`
  return `; counters: ${compared} rules and policies, ${equal} equal, differing: ${differences.length || 'none'}`
}

function tableText(rows: number, equal: number, excluded: number, differing: ReadonlyMap<string, number>): string {
  const left = excluded === 0 ? '' : `, ${excluded} excluded`
  const what = [...differing].map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
  return `table: ${rows} rows, ${equal} equal${left}, differing: ${what}`
}

function printTotals(): void {
  const differing = [...totals.differing].map(([field, count]) => `${field} ${count}`).join(', ') || 'none'
  console.log(
    `\n${totals.pairs} pairs, ${totals.frames} frames, ${totals.labelled} labelled, ${totals.equal} equal, differing: ${differing}`,
  )
  console.log(`  ${tableText(totals.rows, totals.equalRows, totals.excludedRows, totals.differingRows)}`)
  console.log(
    `  counters: ${totals.countedPairs} pairs, ${totals.counters} rules and policies, ${totals.equalCounters} equal` +
      ` (${totals.zeroCounters} of them 0), differing: ${totals.differingCounters || 'none'}`,
  )
  for (const [why, count] of totals.unfairCounters)
    console.log(`  ${count} pairs whose counters are not compared: ${why}`)
  for (const [why, count] of totals.excluded) console.log(`  ${count} frames excluded: ${why}`)
  for (const [why, count] of totals.incomparable) console.log(`  ${count} pairs ${why}`)
  for (const [what, count] of totals.changes)
    console.log(`  left out of the rules on both sides: ${what}, ${count} times`)
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
