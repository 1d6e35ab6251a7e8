import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { countedRuleset } from '../../src/report/counted-ruleset.ts'
import { compileRuleset, parseRuleset, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import type { ParsedRuleset } from '../../src/ruleset/rule.ts'
import type { CompiledRuleset } from '../../src/ruleset/ruleset.ts'
import { noIptables, savedByTools } from '../ruleset/iptables-tools.ts'
import { ENVIRONMENT } from '../ruleset/support.ts'

/** `--counters` over public rulesets: what it writes is what the tools read, and would write themselves. */
const CORPUS = fileURLToPath(new URL('../../../shared/corpus/rulesets/', import.meta.url))
const FILES = existsSync(CORPUS) ? readdirSync(CORPUS).filter((name) => name.endsWith('save')) : []
const noCorpus = FILES.length > 0 ? '' : 'skipped: no corpus at ../shared/corpus'

interface Loaded {
  readonly text: string
  readonly family: Family
  readonly parsed: ParsedRuleset
  readonly compiled: CompiledRuleset
}

function load(name: string): Loaded | null {
  const text = readFileSync(`${CORPUS}${name}`, 'latin1')
  const family = name.includes('.ip6tables') ? 'ipv6' : 'ipv4'
  try {
    const parsed = parseRuleset(text, name, family)
    return { text, family, parsed, compiled: compileRuleset(parsed, ENVIRONMENT) }
  } catch (error) {
    if (error instanceof RulesetError) return null
    throw error
  }
}

/** Lines by table, without comments and empty tables' order. */
function byTable(text: string): Record<string, string[]> {
  const tables: Record<string, string[]> = {}
  let lines: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      lines = []
      tables[line] = lines
    } else if (/^[:[-]/.test(line)) lines.push(line)
  }
  return tables
}

/** What the kernel has counted when it was given these counters. */
function savedWithCounters(text: string, family: Family): string {
  const tool = family === 'ipv4' ? 'iptables-legacy' : 'ip6tables-legacy'
  const script = `${tool}-restore -c && ${tool}-save -c`
  const done = spawnSync('unshare', ['-n', 'sh', '-c', script], { input: text, encoding: 'utf8', maxBuffer: 2 ** 28 })
  return done.status === 0 ? done.stdout : done.stderr
}

describe.skipIf(noCorpus !== '')(`public rulesets with counters ${noCorpus}`, { timeout: 60_000 }, () => {
  it.for(FILES)('%s: no packets, the canonical form with zeros', (name, { skip }) => {
    const loaded = load(name)
    if (loaded === null) return skip('skipped: iptables refuses it, so do we')
    const written = countedRuleset(loaded.parsed, loaded.compiled)
    const rest = written.replaceAll(/^\[0:0\] (?=-A)/gm, '')
    const canonical = printRuleset(loaded.parsed).replaceAll(/^(:\S+ \S+) \[\d+:\d+\]$/gm, '$1 [0:0]')
    expect(rest).toBe(canonical)
    expect(written.match(/^\[0:0\] -A/gm)?.length ?? 0).toBe(canonical.match(/^-A/gm)?.length ?? 0)
  })

  it.skipIf(noIptables).for(FILES)(`%s: as the kernel would have counted ${noIptables}`, (name, { skip }) => {
    const loaded = load(name)
    if (loaded === null || savedByTools(loaded.text, loaded.family) === null)
      return skip('skipped: iptables refuses it')
    const counted = { ...loaded.compiled, packets: (id: number) => 3 + id, bytes: (id: number) => 2 ** 40 + 100 * id }
    const written = countedRuleset(loaded.parsed, counted)
    expect(byTable(savedWithCounters(written, loaded.family))).toEqual(byTable(written))
  })
})
