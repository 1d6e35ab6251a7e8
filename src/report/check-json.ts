import { type LocatedError, printRule } from '../ruleset/index.ts'
import type { Review } from '../ruleset/review/review.ts'
import type { ReviewedRule } from '../ruleset/review/reviewed-rules.ts'

/** The report of `ctreplay check --json`, for tools. Fields may be added, never renamed. */
export function checkJson(review: Review): object {
  const { ruleset, rules, decidability, dead, unused, missingSets, mistakes } = review
  const deadBy = new Map(dead.map((one) => [one.rule, one]))
  return {
    file: ruleset.file,
    errors: [],
    family: ruleset.family,
    warnings: ruleset.warnings,
    mistakes: mistakes.map(({ code, level, text, rules: about }) => ({ code, level, text, lines: about.map(lineOf) })),
    rules: rules.map((one) => {
      const decided = decidability.get(one)
      const found = deadBy.get(one)
      return {
        table: one.table.name,
        chain: one.chain.name,
        number: one.number,
        line: one.rule.line,
        text: one.rule.text,
        canonical: `-A ${one.chain.name} ${printRule(one.rule)}`.trimEnd(),
        decided: decided?.kind ?? 'exact',
        options: decided?.options ?? [],
        missing: decided?.missing || null,
        neverMatches: found !== undefined,
        shadowedBy: found?.by ? placeOf(found.by) : null,
        shadowedTogetherBy: (found?.together ?? []).map(placeOf),
        shadowedThrough: (found?.jumps ?? []).map(placeOf),
      }
    }),
    unusedChains: unused.map(({ table, chain: { chain, callers } }) => ({
      table,
      chain: chain.name,
      line: chain.line,
      rules: chain.rules.length,
      callers: callers.map(lineOf),
    })),
    missingSets: missingSets.map(({ name, rules: users }) => ({ name, lines: users.map(lineOf) })),
  }
}

/** The report of a file with errors; they have no place where the file could not be read at all. */
export function wrongJson(file: string, errors: readonly (LocatedError | WithoutPlace)[]): object {
  return { file, errors: errors.map(({ file, line, column, text }) => ({ file, line, column, text })) }
}

interface WithoutPlace {
  readonly file: string
  readonly line: null
  readonly column: null
  readonly text: string
}

function placeOf({ chain, number, rule }: ReviewedRule): object {
  return { chain: chain.name, number, line: rule.line }
}

function lineOf({ rule }: ReviewedRule): number {
  return rule.line
}
