import type { CallContext, Condition } from './evaluate/condition.ts'
import type { ParsedRuleset } from './rule.ts'

/** What to say about matches that no capture can decide and that `assume` does not settle: one line per match. */
export function undecidableWarnings(
  parsed: ParsedRuleset,
  assume: ReadonlyMap<string, boolean>,
  context: CallContext,
): string[] {
  const found = new Map<string, { lines: number[]; missing: string }>()
  for (const table of parsed.tables) {
    for (const rule of table.chains.flatMap((chain) => chain.rules)) {
      for (const { name, match } of rule.matches) {
        if (assume.has(name)) continue
        const missing = match
          .conditions(context)
          .map(undecidable)
          .find((text) => text !== null)
        if (!missing) continue
        const entry = found.get(name) ?? { lines: [], missing }
        entry.lines.push(rule.line)
        found.set(name, entry)
      }
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
