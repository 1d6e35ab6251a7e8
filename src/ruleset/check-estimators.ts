import type { Target } from './extension.ts'
import type { Rule, Table } from './rule.ts'
import { Refusal } from './text/ruleset-error.ts'

/**
 * Names of RATEEST estimators are shared by all tables: the kernel refuses a rule that names an existing one with other
 * settings. Throws Refusal.
 *
 * @param earlier tables that stand before this one
 */
export function checkEstimators(table: Table, earlier: readonly Table[]): void {
  const known = new Map<string, Rule>()
  for (const { chains } of [...earlier, table]) {
    for (const { rules } of chains) {
      for (const rule of rules) if (rule.target?.name === 'RATEEST') checkEstimator(rule, rule.target.target, known)
    }
  }
}

/** @param known by name, the first rule that defines the estimator */
function checkEstimator(rule: Rule, target: Target, known: Map<string, Rule>): void {
  const [, name, how] = /^--rateest-name (\S+) (.*)$/.exec(target.print()) ?? []
  const first = known.get(name)
  if (first === undefined) known.set(name, rule)
  else if (!first.target?.target.print().endsWith(` ${how}`)) {
    throw new Refusal(
      rule,
      `the rate "${name}" is measured otherwise in line ${first.line}; give it another name, or the same interval and averaging time`,
    )
  }
}
