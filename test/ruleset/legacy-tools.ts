import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRuleset, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { Family, TableName } from '../../src/ruleset/ruleset.ts'

/** What a rule becomes: as iptables-save prints it, or null where it is refused. */
export type Printed = string | null

/** Where rules stand: family, table and chain. */
export interface Place {
  readonly family: Family
  readonly table: TableName
  readonly chain: string
}

/** Why the tools cannot be asked; '' when they can. Namespaces need root. */
export const noTools = whatIsMissing()

function whatIsMissing(): string {
  const tried = spawnSync('unshare', ['-n', 'sh', '-c', 'iptables-legacy-save && ip6tables-legacy-save'])
  return tried.status === 0 ? '' : 'skipped: iptables-legacy in a network namespace needs root and the tools'
}

/** Our own answer for each rule. */
export function printedByUs(place: Place, rules: readonly string[]): Printed[] {
  return rules.map((rule) => {
    try {
      const text = printRuleset(parseRuleset(ruleFile(place, [rule]), 'rules', place.family))
      return rulesOf(text)[0] ?? ''
    } catch (error) {
      if (error instanceof RulesetError) return null
      throw error
    }
  })
}

/** The answer of the legacy tools and the running kernel. Rules that are likely taken go together. */
export function printedByTools(place: Place, rules: readonly string[], likely: readonly boolean[]): Printed[] {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-rules-'))
  try {
    const together = rules.filter((_, index) => likely[index])
    const [all] = ask(join(folder, 'together'), place, [ruleFile(place, together)])
    const isTaken = all !== null && together.length > 0
    const alone = rules.filter((_, index) => !(isTaken && likely[index]))
    const answers = ask(
      join(folder, 'alone'),
      place,
      alone.map((rule) => ruleFile(place, [rule])),
    ).map((saved) => (saved === null ? null : (saved[0] ?? '')))
    let taken = 0
    let single = 0
    return rules.map((_, index) => (isTaken && likely[index] ? (all[taken++] ?? null) : answers[single++]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Rules that we and the tools do not agree on. */
export function disagreements(
  place: Place,
  rules: readonly string[],
): { rule: string; ours: Printed; theirs: Printed }[] {
  const ours = printedByUs(place, rules)
  const theirs = printedByTools(
    place,
    rules,
    ours.map((one) => one !== null),
  )
  return rules
    .map((rule, index) => ({ rule, ours: ours[index], theirs: theirs[index] }))
    .filter((one) => one.ours !== one.theirs)
}

function ruleFile({ table, chain }: Place, rules: readonly string[]): string {
  return `*${table}\n${rules.map((rule) => `-A ${chain} ${rule}\n`).join('')}COMMIT\n`
}

function rulesOf(saved: string): string[] {
  return saved.split('\n').filter((line) => line.startsWith('-A'))
}

/** What is saved after each file, or null where the file is refused. */
function ask(folder: string, { family, table }: Place, files: readonly string[]): (string[] | null)[] {
  if (files.length === 0) return []
  mkdirSync(folder)
  files.forEach((text, index) => {
    writeFileSync(join(folder, `${index}`), text)
  })
  const tool = family === 'ipv4' ? 'iptables-legacy' : 'ip6tables-legacy'
  const script = `i=0; while [ $i -lt ${files.length} ]; do
    if ${tool}-restore < $i >/dev/null 2>$i.error; then ${tool}-save -t ${table} > $i.saved; fi; i=$((i+1)); done`
  execFileSync('unshare', ['-n', 'sh', '-c', script], { cwd: folder })
  return files.map((_, index) => {
    try {
      return rulesOf(readFileSync(join(folder, `${index}.saved`), 'utf8'))
    } catch {
      return null
    }
  })
}
