import type { RuleInfo } from '../ruleset/ruleset.ts'

/**
 * Connections for which it cannot be decided whether the nat table translates them: how many, and what is missing for
 * the first.
 */
export class UnsureTranslations {
  count = 0
  /** The rule, and what is missing to decide it. */
  first = ''

  note({ table, chain, number, line }: RuleInfo, missing: string): void {
    if (this.count === 0) this.first = `${table} ${chain} rule ${number} (line ${line}): ${missing}`
    this.count++
  }
}
