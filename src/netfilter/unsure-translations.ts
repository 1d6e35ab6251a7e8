import type { RuleInfo } from '../ruleset/ruleset.ts'

/** Connections of which nobody can tell whether the nat table translates them: how many, and what is missing for the first. */
export class UnsureTranslations {
  count = 0
  /** The rule, and what is missing to decide it. */
  first = ''

  note(rule: RuleInfo | null, missing: string | null): void {
    if (this.count === 0) this.first = `rule ${rule?.number} of ${rule?.chain} (line ${rule?.line}): ${missing}`
    this.count++
  }
}
