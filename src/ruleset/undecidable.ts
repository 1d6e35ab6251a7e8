import type { Condition } from './evaluate/condition.ts'
import type { Program } from './evaluate/program.ts'
import type { ParsedRuleset } from './rule.ts'
import type { TableName } from './ruleset.ts'

/** Warnings about matches that no capture can decide and that `assume` does not settle: one line per match. */
export function undecidableWarnings(parsed: ParsedRuleset, programs: ReadonlyMap<TableName, Program>): string[] {
  const found = new Map<string, { lines: number[]; missing: string }>()
  for (const table of parsed.tables) {
    const program = programs.get(table.name)
    for (const { rules, index } of program?.chains ?? []) {
      rules.forEach(({ checks }, at) => {
        for (const { match, condition } of checks) {
          const missing = undecidable(condition)
          if (!missing || program?.assume.has(match)) continue
          const { line } = table.chains[index].rules[at]
          const entry = found.get(match) ?? { lines: [], missing }
          if (entry.lines.at(-1) !== line) entry.lines.push(line)
          found.set(match, entry)
        }
      })
    }
  }
  return [...found].map(([name, { lines, missing }]) => {
    const rest = lines.length > 1 ? ` and ${lines.length - 1} more` : ''
    return `${parsed.file}: line ${lines[0]}${rest}: -m ${name} stays undecided: ${missing}`
  })
}

function undecidable(condition: Condition): string | null {
  switch (condition.kind) {
    case 'constant':
      return condition.value === null ? (condition.missing ?? '') : null
    case 'all':
    case 'any':
      return condition.parts.map(undecidable).find((text) => text !== null) ?? null
    default:
      return null
  }
}
