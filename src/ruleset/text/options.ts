import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** An option of a match or target, as getopt_long knows it. */
export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string
  readonly aliases?: readonly string[]
  /** Words that follow; 1 where not said. */
  readonly values?: number
  /** What these are, for messages. */
  readonly needs?: string
  /** One more word follows, unless the next one is an option. */
  readonly optionalValue?: boolean
  /** A value may only stand in the same word: `-FCHAIN`, `--flush=CHAIN`. */
  readonly attachable?: boolean
  readonly negatable?: boolean
  /** May be given several times (`Options.every`). */
  readonly repeatable?: boolean
}

/** An option as it stands in a rule. */
export interface OptionUse {
  readonly spec: OptionSpec
  readonly at: Token
  readonly values: readonly Token[]
  readonly negated: boolean
  /** Protocol of a `-p` before it, negated or not; 0 for none. */
  readonly protocolBefore: number
}

/** The options that one match or target was given. */
export class Options {
  /** Name of the match or target. */
  readonly owner: string
  /** Where it stands in the rule. */
  readonly at: Token
  readonly uses: readonly OptionUse[]

  constructor(owner: string, at: Token, uses: readonly OptionUse[]) {
    this.owner = owner
    this.at = at
    this.uses = uses
    for (let index = 1; index < uses.length; index++) {
      const { spec, at: place } = uses[index]
      if (!spec.repeatable && uses.findIndex((other) => other.spec.name === spec.name) < index) {
        throw new Refusal(place, `--${spec.name} is given twice; keep one of them`)
      }
    }
  }

  get(name: string): OptionUse | undefined {
    return this.uses.find((use) => use.spec.name === name)
  }

  every(name: string): readonly OptionUse[] {
    return this.uses.filter((use) => use.spec.name === name)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  negated(name: string): boolean {
    return this.get(name)?.negated ?? false
  }

  /** The first word after the option. */
  value(name: string): Token | undefined {
    return this.get(name)?.values[0]
  }

  required(name: string): Token {
    const token = this.value(name)
    if (token === undefined) throw new Refusal(this.at, `${this.owner} needs --${name}`)
    return token
  }

  /** At most one of these may be given; returns it. */
  oneOf(names: readonly string[]): OptionUse | undefined {
    const given = this.uses.filter((use) => names.includes(use.spec.name))
    if (given.length > 1) {
      throw new Refusal(
        given[1].at,
        `--${given[1].spec.name} cannot stand together with --${given[0].spec.name}; keep one`,
      )
    }
    return given[0]
  }
}

/** `! --name value` */
export function printOption(name: string, value: string, negated = false): string {
  return `${negated ? '! ' : ''}--${name}${value === '' ? '' : ` ${value}`}`
}
