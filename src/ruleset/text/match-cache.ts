import type { MatchExtension, RuleContext } from '../extension.ts'
import type { RuleMatch } from '../rule.ts'
import { Options, type OptionUse } from './options.ts'
import { checkRequirements } from './requirements.ts'
import type { Token } from './tokens.ts'

const ALL_HOOKS: readonly number[] = [0, 1, 2, 3, 4]

/** Matches that ask the same words are one: rulesets of thousands of rules say few things often. */
export class MatchCache {
  readonly #known = new Map<string, RuleMatch>()

  /** Throws Refusal. */
  parse(extension: MatchExtension, at: Token, uses: readonly OptionUse[], context: RuleContext): RuleMatch {
    const key = keyOf(extension, uses, context)
    const known = this.#known.get(key)
    if (known) return known
    let warned = false
    const listening: RuleContext = {
      family: context.family,
      table: context.table,
      protocol: context.protocol,
      labels: context.labels,
      warn: (text) => {
        warned = true
        context.warn(text)
      },
    }
    const what = `-m ${extension.name}`
    checkRequirements(what, extension, at, listening)
    const match = extension.parse(new Options(extension.name, at, uses), listening)
    checkRequirements(what, match, at, listening)
    const parsed = { name: extension.name, match: { ...match, hooks: match.hooks ?? extension.hooks ?? ALL_HOOKS } }
    // What is said of one line has to be said of the next one too.
    if (!warned) this.#known.set(key, parsed)
    return parsed
  }
}

/** No word has a zero byte: lines end there. */
function keyOf({ name }: MatchExtension, uses: readonly OptionUse[], { table, protocol }: RuleContext): string {
  let key = `${name}\0${table}\0${protocol}`
  for (const { spec, negated, values, protocolBefore } of uses) {
    key += `\0${negated ? '!' : ''}${protocolBefore}${spec.name}`
    for (const { text } of values) key += `\0${text}`
  }
  return key
}
