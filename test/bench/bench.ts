import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CAPTURES, type CaptureKind, captureFile } from './captures.ts'
import { markdownTable } from './markdown-table.ts'
import { measureRules, type RuleText, rulesetOfFile } from './rule-times.ts'
import { rulesetFile } from './rulesets.ts'
import { measureStages } from './stages.ts'
import { variedRules, variedSets } from './varied-rules.ts'
import { type Contender, installed, type Measured, measure, median } from './whole-process.ts'

const RULE_COUNTS = [10, 100, 1000, 10_000]
const LOADED_COUNTS = [...RULE_COUNTS, 50_000]
const HELP = `npm run bench -- [options]

Makes captures, replays them by ctreplay and by what else is installed (tcpdump, softflowd, argus, tshark), whole
processes in turn, and prints medians as Markdown; then the stages of a replay inside of one process. Use a machine
with nothing else to do.

  --captures LIST   of ${CAPTURES.map(({ name }) => name).join(', ')} (default: a4,b,mixed)
  --scale X         captures of X times their size (default: 1)
  --repeats N       runs of each, behind one for warm-up (default: 5)
  --rules LIST      numbers of rules (default: ${RULE_COUNTS.join()})
  --only WHAT       processes, stages, or rules: how long rulesets take to load, and to ask (default: all)
  --rulesets DIR    rules: also the rulesets of a folder (*.iptables-save, *.ip6tables-save)
  --tshark          also run tshark, which takes a minute for a million packets
  --cache DIR       where captures are kept (default: node_modules/.cache/ctreplay/bench)
`

const { values: asked } = parseArgs({
  options: {
    captures: { type: 'string', default: 'a4,b,mixed' },
    scale: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '5' },
    rules: { type: 'string', default: RULE_COUNTS.join() },
    only: { type: 'string' },
    rulesets: { type: 'string' },
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
  const counts = asked.rules.split(',').map((count) => positive(count, '--rules'))
  for (const name of asked.captures.split(',')) {
    const kind = CAPTURES.find((one) => one.name === name)
    if (!kind)
      throw new Error(`there is no capture "${name}"; captures are ${CAPTURES.map((one) => one.name).join(', ')}`)
    const path = captureFile(kind, scale, cache)
    const rules = new Map(counts.map((count) => [`${count.toLocaleString('en')} rules`, rulesetFile(count, cache)]))
    if (asked.only === undefined || asked.only === 'processes') {
      const results = measure(contenders(kind, path, rules, cache), repeats, cache)
      print(`${name}: ${kind.what}`, processTable(results, Math.max(1000, Math.round(kind.packets * scale))))
    }
    if (asked.only === undefined || asked.only === 'stages') {
      const stages = await measureStages(path, rules, repeats)
      const rows = stages.map(({ name: stage, behind, total, own }) => [
        stage,
        own.toFixed(0),
        behind === null ? '' : `${total.toFixed(0)} with ${behind}`,
      ])
      print(`${name}: stages in one process`, markdownTable(['stage', 'ns a packet', 'measured'], rows))
    }
  }
  if (asked.only === undefined || asked.only === 'rules') await benchRules(cache, repeats)
}

/** Packets of both families are asked about: of new connections, of known ones, and with interfaces that are not known. */
async function benchRules(cache: string, repeats: number): Promise<void> {
  const mixed = CAPTURES.find(({ name }) => name === 'mixed') ?? CAPTURES[0]
  const texts = LOADED_COUNTS.flatMap((count): RuleText[] => {
    const rules = (family: 'ipv4' | 'ipv6', stateFirst: boolean): RuleText => ({
      name: `${count.toLocaleString('en')} rules, ${family}${stateFirst ? ', known connections first' : ''}`,
      family,
      text: variedRules(count, family, stateFirst),
      sets: variedSets(family),
    })
    return [rules('ipv4', false), rules('ipv4', true), rules('ipv6', false)]
  })
  if (asked.rulesets !== undefined) {
    const folder = asked.rulesets
    const names = readdirSync(folder).filter((name) => /\.ip6?tables-save$/.test(name))
    texts.push(...names.map((name) => rulesetOfFile(join(folder, name), name)))
  }
  const rows: string[][] = []
  for (const text of texts) {
    const [times] = await measureRules(captureFile(mixed, 0.1, cache), [text], repeats)
    const numbers = [times.parse, times.compile, times.opening, times.known, times.unknown]
    rows.push([times.name, ...numbers.map((number) => number.toFixed(0))])
  }
  const titles = ['rules', 'parse, ms', 'compile, ms', 'new, ns', 'known, ns', 'interface unknown, ns']
  print('rules: loading, and asking about a packet', markdownTable(titles, rows))
}

function contenders(kind: CaptureKind, path: string, rules: ReadonlyMap<string, string>, cache: string): Contender[] {
  const main = join(process.cwd(), 'dist/cli/main.js')
  const ctreplay = (name: string, ...options: string[]): Contender => ({
    name: `ctreplay, ${name}`,
    command: ['node', main, path, '--mode', 'router', ...options],
  })
  const peers: Contender[] = [
    { name: 'tcpdump -w /dev/null', command: ['tcpdump', '-r', path, '-w', '/dev/null'] },
    { name: 'softflowd', command: ['softflowd', '-r', path] },
    { name: 'argus', command: ['argus', '-r', path, '-w', '/dev/null'] },
    { name: 'tshark, two fields', command: ['tshark', '-r', path, '-T', 'fields', '-e', 'ip.src', '-e', 'tcp.seq'] },
  ]
  return [
    ctreplay('no rules'),
    ...[...rules].map(([name, file]) => ctreplay(name, '--rules', file)),
    ctreplay('no rules, NDJSON', '--ndjson', '/dev/null'),
    ...(kind.name === 'mixed' ? [ctreplay('10 rules and NAT', '--rules', rulesetFile('nat', cache))] : []),
    ...installed(peers.filter(({ command }) => asked.tshark || command[0] !== 'tshark')),
  ]
}

function processTable(results: readonly Measured[], packets: number): string {
  const first = median(results[0].seconds)
  const rows = results.map(({ name, seconds, peakKiB }) => {
    const middle = median(seconds)
    return [
      name,
      middle.toFixed(2),
      (middle / first).toFixed(2),
      (packets / middle / 1e6).toFixed(2),
      peakKiB === 0 ? '' : (peakKiB / 1024).toFixed(0),
    ]
  })
  return markdownTable(['program', 'seconds', 'ratio', 'million packets/s', 'peak MiB'], rows)
}

function print(title: string, table: string): void {
  process.stdout.write(`## ${title}\n\n${table}\n`)
}

function positive(text: string, option: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`${option}: "${text}" is not a number above 0`)
  return number
}
