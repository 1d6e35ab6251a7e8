import type { MatchExtension, RuleContext, Target, TargetExtension } from '../extension.ts'
import { findMatch } from '../matches/registry.ts'
import type { Counters, Rule, RuleHeader, RuleTarget } from '../rule.ts'
import type { Family, TableName } from '../ruleset.ts'
import { findTarget } from '../targets/registry.ts'
import { standardTarget } from '../targets/standard.ts'
import type { AddressMask } from './addresses.ts'
import { COMMANDS, type Command, readCommand } from './commands.ts'
import { APART_ONLY, COMMAND_LINE_OPTIONS, GENERIC_OPTIONS, SHORT_OPTIONS } from './generic-options.ts'
import { type HeaderOptions, readHeader } from './header-options.ts'
import type { MatchCache } from './match-cache.ts'
import { type OptionSpec, Options, type OptionUse } from './options.ts'
import type { LabelNames } from './parse-label-names.ts'
import { printProtocol } from './protocols.ts'
import { checkRequirements } from './requirements.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** Where a rule stands and what it can refer to. */
export interface RuleScope {
  readonly family: Family
  readonly table: TableName
  readonly labels: LabelNames | null
  hasChain(name: string): boolean
  warn(text: string): void
  readonly matches: MatchCache
}

/** A rule line: what is to be done, and with which rules (several when it lists several addresses). */
export interface RuleLine {
  readonly command: Command
  readonly rules: readonly Rule[]
}

/** A match or target that a rule has loaded, and the options that it was given so far. */
interface Loaded {
  readonly extension: MatchExtension | TargetExtension
  readonly at: Token
  readonly uses: OptionUse[]
}

interface Found {
  readonly spec: OptionSpec
  /** null: an option of every rule. */
  readonly owner: Loaded | null
}

/** @param text the line without counters */
export function parseRuleLine(
  tokens: readonly Token[],
  text: string,
  counters: Counters | null,
  scope: RuleScope,
): RuleLine | null {
  const reader = new LineReader(tokens, scope)
  reader.readAll()
  if (reader.otherFamily) return null
  return reader.finish(text, counters)
}

class LineReader {
  otherFamily = false
  readonly #tokens: readonly Token[]
  readonly #scope: RuleScope
  #next = 0
  #command: Command | null = null
  readonly #header: OptionUse[] = []
  readonly #matches: Loaded[] = []
  #target: Loaded | null = null
  #jump: OptionUse | null = null
  #counters: Counters | null = null

  constructor(tokens: readonly Token[], scope: RuleScope) {
    this.#tokens = tokens
    this.#scope = scope
  }

  readAll(): void {
    while (this.#next < this.#tokens.length) {
      let token = this.#tokens[this.#next++]
      const negated = token.text === '!'
      if (negated) {
        const after = this.#tokens[this.#next++]
        if (after === undefined) throw new Refusal(token, '! stands before nothing; put an option behind it')
        if (after.text === '!') throw new Refusal(after, 'two ! in a row; keep one or none')
        token = after
      }
      this.#readOption(token, negated)
    }
  }

  #readOption(token: Token, negated: boolean): void {
    const equals = token.text.startsWith('--') ? token.text.indexOf('=') : -1
    const name = equals < 0 ? token.text : token.text.slice(0, equals)
    const { spec, owner } = this.#find(token, name)
    const values: Token[] = []
    if (equals >= 0) {
      values.push({ ...token, text: token.text.slice(equals + 1), column: token.column + equals + 1 })
    }
    const wanted = spec.values ?? 1
    if (equals >= 0 && owner === null && APART_ONLY.has(spec.name)) {
      this.#scope.warn(`line ${token.line}: iptables-restore refuses "${name}="; write the value apart, behind a space`)
    }
    let inverted = negated
    if (!negated && spec.negatable && wanted > 0 && equals < 0 && this.#isOldNegation()) {
      inverted = true
      this.#next++
      this.#scope.warn(
        `line ${token.line}: "${name} !" is the old order, which iptables no longer takes; write "! ${name}"`,
      )
    }
    while (values.length < wanted) {
      const value = this.#tokens[this.#next++]
      if (value === undefined) {
        throw new Refusal(token, `${name} needs ${wanted === 1 ? 'a value' : `${wanted} values`} behind it`)
      }
      values.push(value)
    }
    const following = this.#tokens[this.#next]
    if (spec.optionalValue && values.length === wanted && following && !/^[-!]/.test(following.text)) {
      values.push(following)
      this.#next++
    }
    if (values.length > wanted && equals >= 0 && spec.optionalValue) {
      throw new Refusal(token, `iptables takes no value behind "${name}="; write it behind a space`)
    }
    if (values.length > wanted && !spec.optionalValue)
      throw new Refusal(token, `${name} takes no value; take "${values[0].text}" away`)
    if (inverted && !spec.negatable) throw new Refusal(token, `! cannot stand before ${name}; take it away`)
    const use: OptionUse = { spec, at: token, values, negated: inverted }
    if (owner) owner.uses.push(use)
    else this.#generic(use)
  }

  /** `--dport ! 80`; but `--string !` looks for an exclamation mark. */
  #isOldNegation(): boolean {
    if (this.#tokens[this.#next]?.text !== '!') return false
    const value = this.#tokens[this.#next + 1]
    return value !== undefined && !/^-.|^!$/.test(value.text)
  }

  /** getopt_long: an exact name of what was loaded last, else a beginning that only one option has. */
  #find(token: Token, name: string): Found {
    if (!name.startsWith('--')) {
      const spec = SHORT_OPTIONS.get(name)
      if (spec) return { spec, owner: null }
      if (COMMAND_LINE_OPTIONS.has(name.slice(1)) && name.startsWith('-')) throw commandLineOnly(token, name)
      const word = name.startsWith('-') ? 'option' : 'word'
      throw new Refusal(
        token,
        `the ${word} "${token.text}" is not understood here; options are written apart from values`,
      )
    }
    const long = name.slice(2)
    const found = this.#lookup(token, long)
    if (found) return found
    const implied = this.#impliedMatch(token)
    if (implied) {
      this.#matches.push(implied)
      const again = this.#lookup(token, long)
      if (again) return again
    }
    throw new Refusal(token, `the option "${name}" is not known; load its match with -m, or put -p before it`)
  }

  #lookup(token: Token, long: string): Found | null {
    return this.#exact(long) ?? this.#beginning(token, long)
  }

  #exact(long: string): Found | null {
    if (this.#target) {
      const spec = optionOf(this.#target.extension, long)
      if (spec) return { spec, owner: this.#target }
    }
    for (let at = this.#matches.length - 1; at >= 0; at--) {
      const owner = this.#matches[at]
      const spec = optionOf(owner.extension, long)
      if (spec) return { spec, owner }
    }
    return null
  }

  #beginning(token: Token, long: string): Found | null {
    const owners = [this.#target, ...this.#matches.toReversed(), null].filter((owner, at) => owner !== null || at > 0)
    const starting: Found[] = []
    for (const owner of owners) {
      for (const spec of owner ? owner.extension.options : GENERIC_OPTIONS) {
        for (const name of [spec.name, ...(spec.aliases ?? [])]) {
          if (name === long) return { spec, owner }
          if (name.startsWith(long) && !starting.some((other) => other.spec === spec)) starting.push({ spec, owner })
        }
      }
    }
    for (const name of COMMAND_LINE_OPTIONS.values()) {
      if (name === long) throw commandLineOnly(token, `--${name}`)
      if (name.startsWith(long)) starting.push({ spec: { name }, owner: null })
    }
    if (starting.length > 1) {
      const names = starting.map(({ spec }) => `--${spec.name}`).join(' and ')
      throw new Refusal(token, `"--${long}" could be ${names}; write it out`)
    }
    const [only] = starting
    if (only && [...COMMAND_LINE_OPTIONS.values()].includes(only.spec.name)) throw commandLineOnly(token, `--${long}`)
    return only ?? null
  }

  /** `-p tcp --dport 22` loads the tcp match. */
  #impliedMatch(token: Token): Loaded | null {
    const use = this.#header.find(({ spec }) => spec.name === 'protocol')
    if (!use) return null
    const protocol = readHeader([use], this.#scope).protocol
    const extension = protocol && findMatch(printProtocol(protocol.value))
    if (!extension || (extension.family ?? this.#scope.family) !== this.#scope.family) return null
    if (this.#matches.some((loaded) => loaded.extension === extension)) return null
    return { extension, at: token, uses: [] }
  }

  #generic(use: OptionUse): void {
    const { spec, at, values } = use
    if (COMMANDS.has(spec.name)) {
      if (this.#command) throw new Refusal(at, `${at.text} is a second command; give each its own line`)
      this.#command = readCommand(use, () => this.#positional())
      return
    }
    switch (spec.name) {
      case 'match':
        this.#matches.push(this.#loadMatch(values[0]))
        return
      case 'jump':
      case 'goto':
        if (this.#jump) throw new Refusal(at, `${at.text} is a second target; a rule has one`)
        this.#jump = use
        if (spec.name === 'jump') this.#target = this.#loadTarget(values[0])
        return
      case 'set-counters':
        this.#counters = this.#readCounters(values[0])
        return
      case 'verbose':
      case 'modprobe':
        return
      case 'ipv4':
      case 'ipv6':
        this.otherFamily = spec.name !== this.#scope.family
        return
      default:
        if (this.#header.some((other) => other.spec === spec)) {
          throw new Refusal(at, `${at.text} is given twice; keep one of them`)
        }
        this.#header.push(use)
    }
  }

  #positional(): Token | null {
    const token = this.#tokens[this.#next]
    if (token === undefined || token.text.startsWith('-') || token.text === '!') return null
    this.#next++
    return token
  }

  /** `5 6` or `5,6` */
  #readCounters(token: Token): Counters {
    const comma = token.text.indexOf(',')
    const second = comma < 0 ? this.#positional() : { ...token, text: token.text.slice(comma + 1) }
    if (!second) throw new Refusal(token, 'counters are two numbers, packets and bytes; write both')
    const first = comma < 0 ? token : { ...token, text: token.text.slice(0, comma) }
    return { packets: this.#count(first), bytes: this.#count(second) }
  }

  #count(token: Token): number {
    if (!/^[0-9]{1,20}$/.test(token.text)) throw new Refusal(token, `"${token.text}" is not a counter; write a number`)
    return Number(token.text)
  }

  #loadMatch(at: Token): Loaded {
    const extension = findMatch(at.text)
    if (extension) return { extension, at, uses: [] }
    throw new Refusal(at, `the match "${at.text}" is not supported; take the rule out or say it otherwise`)
  }

  #loadTarget(at: Token): Loaded | null {
    if (standardTarget(at.text) || this.#scope.hasChain(at.text)) return null
    const extension = findTarget(at.text, this.#scope.family)
    if (extension) return { extension, at, uses: [] }
    throw new Refusal(at, `"${at.text}" is neither a chain declared above nor a target that is supported`)
  }

  finish(text: string, counters: Counters | null): RuleLine {
    const at = this.#tokens[0]
    if (!this.#command) throw new Refusal(at, 'the line says not what to do; begin it with -A CHAIN')
    const options = readHeader(this.#header, this.#scope)
    const context: RuleContext = {
      family: this.#scope.family,
      table: this.#scope.table,
      protocol: options.protocol && !options.protocol.negated ? options.protocol.value : 0,
      labels: this.#scope.labels,
      warn: this.#scope.warn,
    }
    const matches = this.#matches.map(({ extension, at: place, uses }) =>
      this.#scope.matches.parse(extension as MatchExtension, place, uses, context),
    )
    const target = this.#finishTarget(context)
    if (target?.target.needsSyn && !matches.some(({ match }) => match.asksForSyn)) {
      throw new Refusal(this.#target?.at ?? at, `-j ${target.name} works on SYN packets only; add -p tcp --syn`)
    }
    this.#checkInterfaces(options)
    const { line, column } = at
    const rules = expand(options).map((header): Rule => {
      return { line, column, text, counters: this.#counters ?? counters, header, matches, target }
    })
    return { command: this.#command, rules }
  }

  #finishTarget(context: RuleContext): RuleTarget | null {
    if (!this.#jump) return null
    const [name] = this.#jump.values
    const goto = this.#jump.spec.name === 'goto'
    if (goto && !this.#scope.hasChain(name.text)) {
      throw new Refusal(name, `there is no chain "${name.text}" above; declare it with :${name.text} - [0:0]`)
    }
    if (!this.#target) {
      const target: Target = goto
        ? { print: () => '', action: { kind: 'goto', chain: name.text } }
        : (standardTarget(name.text) ?? { print: () => '', action: { kind: 'jump', chain: name.text } })
      checkRequirements(`-j ${name.text}`, target, name, context)
      return { name: name.text, target }
    }
    const extension = this.#target.extension as TargetExtension
    checkRequirements(`-j ${extension.name}`, extension, name, context)
    const target = extension.parse(new Options(extension.name, name, this.#target.uses), context)
    checkRequirements(`-j ${extension.name}`, target, name, context)
    return { name: extension.name, target: { ...target, hooks: target.hooks ?? extension.hooks ?? ALL_HOOKS } }
  }

  /** A packet that comes in has no outgoing interface yet, and the other way round. */
  #checkInterfaces(options: HeaderOptions): void {
    const chain = this.#command?.chain?.text ?? ''
    const wrong = (name: string): OptionUse | undefined => this.#header.find(({ spec }) => spec.name === name)
    const inUse = wrong('in-interface')
    if (options.inInterface && inUse && (chain === 'OUTPUT' || chain === 'POSTROUTING')) {
      throw new Refusal(inUse.at, `${chain} knows no incoming interface; use -o`)
    }
    const outUse = wrong('out-interface')
    if (options.outInterface && outUse && (chain === 'INPUT' || chain === 'PREROUTING')) {
      throw new Refusal(outUse.at, `${chain} knows no outgoing interface; use -i`)
    }
  }
}

function commandLineOnly(token: Token, name: string): Refusal {
  return new Refusal(token, `${name} is for the command line of iptables; take it away here`)
}

const OPTIONS_BY_NAME = new WeakMap<object, ReadonlyMap<string, OptionSpec>>()

/** The option of exactly this name. */
function optionOf(extension: MatchExtension | TargetExtension, long: string): OptionSpec | undefined {
  let byName = OPTIONS_BY_NAME.get(extension)
  if (byName === undefined) {
    // Where two have one name, the first is meant.
    const named = extension.options.flatMap((spec) =>
      [spec.name, ...(spec.aliases ?? [])].map((name) => [name, spec] as const),
    )
    byName = new Map(named.toReversed())
    OPTIONS_BY_NAME.set(extension, byName)
  }
  return byName.get(long)
}

const ALL_HOOKS: readonly number[] = [0, 1, 2, 3, 4]

/** `-s a,b -d c,d` is four rules. */
function expand(options: HeaderOptions): RuleHeader[] {
  const each = <Value>(list: Value[]): (Value | null)[] => (list.length === 0 ? [null] : list)
  const negatable = (value: AddressMask | null, negated: boolean): RuleHeader['source'] =>
    value && (negated || value.mask.some((word) => word !== 0)) ? { value, negated } : null
  return each(options.sources).flatMap((source) =>
    each(options.destinations).map((destination) => ({
      source: negatable(source, options.sourceNegated),
      destination: negatable(destination, options.destinationNegated),
      inInterface: options.inInterface,
      outInterface: options.outInterface,
      protocol: options.protocol,
      fragment: options.fragment,
    })),
  )
}
