import type { Action } from '../evaluate/action.ts'
import type { MatchExtension, Requirements, RuleContext, TargetExtension } from '../extension.ts'
import type { RuleMatch, RuleTarget } from '../rule.ts'
import { Options, type OptionUse } from './options.ts'
import { checkRequirements } from './requirements.ts'
import type { Token } from './tokens.ts'

/** Actions that are determined by the words of the rule alone, so that rules can share them. */
const SHAREABLE: ReadonlySet<Action['kind']> = new Set(['verdict', 'return', 'continue', 'assign'])

/**
 * Lets rules share matches and targets with the same words: in rulesets of thousands of rules a few are repeated often.
 */
export class ExtensionCache {
  readonly #matches = new Map<string, RuleMatch>()
  readonly #targets = new Map<string, RuleTarget>()
  readonly #warnings: () => number

  /** @param warnings returns how many warnings were given so far */
  constructor(warnings: () => number) {
    this.#warnings = warnings
  }

  /** Throws Refusal. */
  match(extension: MatchExtension, at: Token, uses: readonly OptionUse[], context: RuleContext): RuleMatch {
    const { name, isBrief = false } = extension
    const key = isBrief ? '' : keyOf(name, uses, context)
    const known = isBrief ? undefined : this.#matches.get(key)
    if (known) return known
    const warnings = this.#warnings()
    const match = parsed('-m', extension, at, uses, context)
    // A match with a warning is not shared, since the warning must be repeated for the next line.
    const isShared = !isBrief && this.#warnings() === warnings
    const found = { name, hooks: match.hooks ?? extension.hooks ?? null, match, isShared }
    if (isShared) this.#matches.set(key, found)
    return found
  }

  /** Throws Refusal. */
  target(extension: TargetExtension, at: Token, uses: readonly OptionUse[], context: RuleContext): RuleTarget {
    const { name } = extension
    const key = keyOf(name, uses, context)
    const known = this.#targets.get(key)
    if (known) return known
    const warnings = this.#warnings()
    const target = parsed('-j', extension, at, uses, context)
    const found = { name, hooks: target.hooks ?? extension.hooks ?? null, target }
    if (this.#warnings() === warnings && SHAREABLE.has(target.action.kind)) this.#targets.set(key, found)
    return found
  }
}

interface Parser<Parsed> extends Requirements {
  readonly name: string
  parse(options: Options, context: RuleContext): Parsed
}

function parsed<Parsed extends Requirements>(
  option: '-m' | '-j',
  extension: Parser<Parsed>,
  at: Token,
  uses: readonly OptionUse[],
  context: RuleContext,
): Parsed {
  const what = `${option} ${extension.name}`
  checkRequirements(what, extension, at, context)
  const found = extension.parse(new Options(extension.name, at, uses), context)
  checkRequirements(what, found, at, context)
  return found
}

/** Words are joined by zero bytes, which no word contains. */
function keyOf(name: string, uses: readonly OptionUse[], { table, protocol }: RuleContext): string {
  let key = `${name}\0${table}\0${protocol}`
  for (const { spec, negated, values, protocolBefore } of uses) {
    key += `\0${negated ? '!' : ''}${protocolBefore}${spec.name}`
    for (const { text } of values) key += `\0${text}`
  }
  return key
}
