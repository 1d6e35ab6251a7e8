import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRuleset, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import type { TableName } from '../../src/ruleset/ruleset.ts'
import { recordingInto } from './recorded-table.ts'
import { savedAfterEach } from './saved-files.ts'

/** What a rule becomes: as iptables-save prints it, or null where it is refused. */
export type Printed = string | null

/** The two programs that are called iptables: for the kernel's ip_tables, and for nf_tables. */
type Backend = 'legacy' | 'nft'

/** Where rules stand. */
export interface Place {
  readonly family: Family
  readonly table: TableName
  readonly chain: string
  readonly backend?: Backend
  /** Shell commands before the tools are asked, as `ipset create …`. */
  readonly setup?: string
  /** The tools put their table into a file, because the kernel or the machine lacks what the rules name. */
  readonly recorded?: boolean
}

/** Why the tools cannot be asked; '' when they can. Namespaces need root. */
export const noIptables = whatIsMissing('legacy')
export const noNftIptables = whatIsMissing('nft')

function whatIsMissing(backend: Backend): string {
  if (process.getuid?.() !== 0) return 'skipped: iptables needs root'
  const tried = spawnSync('unshare', ['-n', 'sh', '-c', `iptables-${backend}-save && ip6tables-${backend}-save`])
  return tried.status === 0 ? '' : `skipped: no iptables-${backend}, or no network namespaces`
}

/** The line of the rule in its chain, by us. */
export function printedByUs(rule: string, family: Family, table: TableName, chain: string): Printed {
  try {
    return rulesOf(printRuleset(parseRuleset(ruleFile({ family, table, chain }, [rule]), 'rules', family)))[0] ?? ''
  } catch (error) {
    if (error instanceof RulesetError) return null
    throw error
  }
}

/** The same by iptables-legacy and the running kernel. */
export function printedByIptables(rule: string, family: Family, table: TableName, chain: string, setup = ''): Printed {
  return printedByTools({ family, table, chain, setup }, [rule])[0]
}

/**
 * The answers of the tools and the running kernel.
 * @param likely the rules that are probably taken: they go together, which is faster
 */
export function printedByTools(place: Place, rules: readonly string[], likely: readonly boolean[] = []): Printed[] {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-rules-'))
  try {
    const printed: Printed[] = rules.map(() => null)
    const alone = rules.map((_, index) => index).filter((index) => !likely[index])
    askTogether(
      folder,
      place,
      rules,
      rules.map((_, index) => index).filter((index) => likely[index]),
      printed,
    )
    const answers = ask(
      folder,
      place,
      alone.map((index) => [rules[index]]),
    )
    alone.forEach((index, at) => {
      const answer = answers[at]
      printed[index] = answer === null ? null : (answer[0] ?? '')
    })
    return printed
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** All at once; where that is refused, or the lines do not tell apart, each half. */
function askTogether(
  folder: string,
  place: Place,
  rules: readonly string[],
  indices: readonly number[],
  printed: Printed[],
): void {
  if (indices.length === 0) return
  const [saved] = ask(folder, place, [indices.map((index) => rules[index])])
  if (saved?.length === indices.length) {
    indices.forEach((index, at) => {
      printed[index] = saved[at]
    })
    return
  }
  if (indices.length === 1) {
    printed[indices[0]] = saved === null ? null : (saved[0] ?? '')
    return
  }
  const middle = indices.length >> 1
  askTogether(folder, place, rules, indices.slice(0, middle), printed)
  askTogether(folder, place, rules, indices.slice(middle), printed)
}

/** A rule as both sides see it. */
interface Compared {
  readonly rule: string
  readonly ours: Printed
  readonly theirs: Printed
}

/** Rules that we and the tools do not agree on. */
export function disagreements(place: Place, rules: readonly string[]): Compared[] {
  return disagreementsAmong(compareRules(place, rules), place)
}

/** A few rules are refused by ip_tables and taken by nf_tables, so that we take them with a warning: these are none. */
export function disagreementsAmong(compared: readonly Compared[], place: Place): Compared[] {
  const isTakenByOther = ({ rule, ours, theirs }: Compared): boolean =>
    theirs === null && noNftIptables === '' && printedByTools({ ...place, backend: 'nft' }, [rule])[0] === ours
  return compared.filter((one) => one.ours !== one.theirs && !isTakenByOther(one))
}

export function compareRules(place: Place, rules: readonly string[]): Compared[] {
  const { family, table, chain } = place
  const ours = rules.map((rule) => printedByUs(rule, family, table, chain))
  const theirs = printedByTools(
    place,
    rules,
    ours.map((one) => one !== null),
  )
  return rules.map((rule, index) => ({ rule, ours: ours[index], theirs: theirs[index] }))
}

/** What the tools save of a whole file, or null where they refuse it. */
export function savedByTools(text: string, family: Family, backend: Backend = 'legacy'): string | null {
  const tool = toolOf(family, backend)
  const done = spawnSync('unshare', ['-n', 'sh', '-c', `${tool}-restore && ${tool}-save`], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return done.status === 0 ? done.stdout : null
}

/** What the legacy tools save of each file, counters included, or null where they refuse it. */
export function savedFiles(files: readonly string[], family: Family): (string | null)[] {
  const tool = toolOf(family, 'legacy')
  const input = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
  return savedAfterEach(files, {
    empty: { command: `${tool}-restore`, input },
    restore: `${tool}-restore -c`,
    save: `${tool}-save -c -t filter`,
  })
}

/** Runs a program in a network namespace of its own. */
export function inNamespace(script: string): string {
  return execFileSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8' })
}

function toolOf(family: Family, backend: Backend): string {
  return `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${backend}`
}

function ruleFile({ table, chain }: Place, rules: readonly string[]): string {
  return `*${table}\n${rules.map((rule) => `-A ${chain} ${rule}\n`).join('')}COMMIT\n`
}

function rulesOf(saved: string): string[] {
  return saved.split('\n').filter((line) => line.startsWith('-A'))
}

/** What is saved after each file, or null where the file is refused. */
function ask(folder: string, place: Place, files: readonly (readonly string[])[]): (string[] | null)[] {
  if (files.length === 0) return []
  files.forEach((rules, index) => {
    writeFileSync(join(folder, `${index}`), ruleFile(place, rules))
    rmSync(join(folder, `${index}.saved`), { force: true })
  })
  const tool = toolOf(place.family, place.backend ?? 'legacy')
  const saving = place.recorded ? `${recordingInto('recorded')} ${tool}` : tool
  const empty = place.recorded ? 'rm recorded' : `${tool} -t ${place.table} -F`
  const script = `exec >/dev/null 2>&1; ${place.setup ?? ''}
    i=0; while [ $i -lt ${files.length} ]; do
    if ${saving}-restore < $i; then ${saving}-save -t ${place.table} > $i.saved; ${empty}; fi; i=$((i+1)); done; true`
  execFileSync('unshare', ['-n', 'sh', '-c', script], { cwd: folder })
  return files.map((_, index) => {
    try {
      return rulesOf(readFileSync(join(folder, `${index}.saved`), 'utf8'))
    } catch {
      return null
    }
  })
}
