import { asksForLoopback, type Condition } from '../evaluate/condition.ts'
import { FIELDS, type Field } from '../evaluate/fields.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/**
 * Whether a capture can tell if a rule matches:
 * - `exact`: yes;
 * - `input`: once it is told something, by one of `options`;
 * - `capture`: it depends on what the capture has (an Ethernet header, marks of direction), else `options` settle it;
 * - `never`: no capture shows it; `options` settle it.
 */
export interface Decidability {
  readonly kind: 'exact' | 'input' | 'capture' | 'never'
  /** `--iface`, `--assume owner`, … */
  readonly options: readonly string[]
  /** What is missing, in words; '' for `exact`. */
  readonly missing: string
}

const EXACT: Decidability = { kind: 'exact', options: [], missing: '' }
const WORST_LAST = ['exact', 'capture', 'input', 'never'] as const

/** The decidability of a rule: that of its least decidable part, with the options of all parts. */
export function decidabilityOf(rule: ReviewedRule): Decidability {
  const parts = rule.checks.flatMap(({ conditions }) => conditions.flatMap(needsOf))
  const action = rule.rule.target?.target.action
  if (action?.kind === 'undecided') parts.push(need('never', action.missing))
  let worst = EXACT
  for (const part of parts) {
    if (WORST_LAST.indexOf(part.kind) > WORST_LAST.indexOf(worst.kind)) worst = part
  }
  return { ...worst, options: [...new Set(parts.flatMap(({ options }) => options))] }
}

function needsOf(condition: Condition): Decidability[] {
  switch (condition.kind) {
    case 'name':
    case 'field': {
      if (condition.kind === 'name' && asksForLoopback(condition)) return []
      const { missing }: Field = FIELDS[condition.field]
      return missing === undefined ? [] : [need('capture', missing)]
    }
    case 'constant':
      return condition.value === null ? [need('never', condition.missing ?? '')] : []
    case 'all':
    case 'any':
      return condition.parts.flatMap(needsOf)
    case 'hotdrop':
      return needsOf(condition.when)
    default:
      return condition.missing === undefined ? [] : [need('capture', condition.missing)]
  }
}

/** The options that the text names as a remedy; where it names none, every usual capture has what is missing. */
function need(kind: 'capture' | 'never', missing: string): Decidability {
  const options = [...missing.matchAll(/--assume [\w-]+|--[a-z][a-z-]*/g)].map(([option]) => option)
  if (options.length === 0) return kind === 'never' ? { kind, options, missing } : EXACT
  const settled = options.every((option) => option.startsWith('--assume'))
  return { kind: settled ? kind : 'input', options, missing }
}
