import type { Action } from '../evaluate/action.ts'
import type { MatchExtension, Requirements, RuleContext, TargetExtension } from '../extension.ts'
import type { RuleMatch, RuleTarget } from '../rule.ts'
import { Options, type OptionUse } from './options.ts'
import { checkRequirements } from './requirements.ts'
import type { Token } from './tokens.ts'

const ALL_HOOKS: readonly number[] = [0, 1, 2, 3, 4]

/** What rules do that have nothing of their own besides what their words say. */
const SHAREABLE: ReadonlySet<Action['kind']> = new Set(['verdict', 'return', 'continue', 'assign'])

/** Matches and targets that say the same words are one: rulesets of thousands of rules say few things often. */
export class ExtensionCache {
  readonly #matches = new Map<string, RuleMatch>()
  readonly #targets = new Map<string, RuleTarget>()

  /** Throws Refusal. */
  match(extension: MatchExtension, at: Token, uses: readonly OptionUse[], context: RuleContext): RuleMatch {
    const { name } = extension
    const key = keyOf(name, uses, context)
    const known = this.#matches.get(key)
    if (known) return known
    const listening = new Listening(context)
    const found = { name, match: parsed(`-m ${name}`, extension, at, uses, listening) }
    // What is said of one line has to be said of the next one too.
    if (!listening.warned) this.#matches.set(key, found)
    return found
  }

  /** Throws Refusal. */
  target(extension: TargetExtension, at: Token, uses: readonly OptionUse[], context: RuleContext): RuleTarget {
    const { name } = extension
    const key = keyOf(name, uses, context)
    const known = this.#targets.get(key)
    if (known) return known
    const listening = new Listening(context)
    const found = { name, target: parsed(`-j ${name}`, extension, at, uses, listening) }
    if (!listening.warned && SHAREABLE.has(found.target.action.kind)) this.#targets.set(key, found)
    return found
  }
}

/** Notes whether something was said. */
class Listening implements RuleContext {
  readonly family: RuleContext['family']
  readonly table: RuleContext['table']
  readonly protocol: number
  readonly labels: RuleContext['labels']
  warned = false
  readonly #context: RuleContext

  constructor(context: RuleContext) {
    this.family = context.family
    this.table = context.table
    this.protocol = context.protocol
    this.labels = context.labels
    this.#context = context
  }

  readonly warn = (text: string): void => {
    this.warned = true
    this.#context.warn(text)
  }
}

interface Parser<Parsed> extends Requirements {
  readonly name: string
  parse(options: Options, context: RuleContext): Parsed
}

function parsed<Parsed extends Requirements>(
  what: string,
  extension: Parser<Parsed>,
  at: Token,
  uses: readonly OptionUse[],
  context: RuleContext,
): Parsed {
  checkRequirements(what, extension, at, context)
  const found = extension.parse(new Options(extension.name, at, uses), context)
  checkRequirements(what, found, at, context)
  return { ...found, hooks: found.hooks ?? extension.hooks ?? ALL_HOOKS }
}

/** No word has a zero byte: lines end there. */
function keyOf(name: string, uses: readonly OptionUse[], { table, protocol }: RuleContext): string {
  let key = `${name}\0${table}\0${protocol}`
  for (const { spec, negated, values, protocolBefore } of uses) {
    key += `\0${negated ? '!' : ''}${protocolBefore}${spec.name}`
    for (const { text } of values) key += `\0${text}`
  }
  return key
}
