import type { MatchExtension, RuleContext, Target, TargetExtension } from '../extension.ts'
import { findMatch } from '../matches/registry.ts'
import type { Family } from '../packet/rule-environment.ts'
import type { Counters, Rule, RuleTarget } from '../rule.ts'
import type { TableName } from '../ruleset.ts'
import { findTarget } from '../targets/registry.ts'
import { standardTarget } from '../targets/standard.ts'
import { meantBy } from './closest.ts'
import { COMMANDS, type Command, readCommand, secondCommand } from './commands.ts'
import { parseCounters } from './counters.ts'
import type { ExtensionCache } from './extension-cache.ts'
import { findOption, type Loaded, type LoadedExtensions } from './find-option.ts'
import { APART_ONLY, LISTING } from './generic-options.ts'
import { checkInterfaceName, INTERFACE_NAME, readHeader } from './header-options.ts'
import type { OptionSpec, OptionUse } from './options.ts'
import type { LabelNames } from './parse-label-names.ts'
import { parseProtocol } from './protocols.ts'
import { checkRequirements } from './requirements.ts'
import { headersOf } from './rule-headers.ts'
import { Refusal } from './ruleset-error.ts'
import { missingValue, type ReadOption, strayWord } from './stray-word.ts'
import type { Token } from './tokens.ts'
import { unknownMatch, unknownTarget } from './unknown-extension.ts'
import { isPlainOption, writtenOptions } from './written-option.ts'

/** Where a rule stands and what it can refer to. */
export interface RuleScope {
  readonly family: Family
  readonly table: TableName
  readonly labels: LabelNames | null
  readonly chains: { has(name: string): boolean; names(): readonly string[] }
  warn(text: string): void
  readonly extensions: ExtensionCache
}

/** A parsed line: the command and its rules (several when the line lists several addresses). */
export interface RuleLine {
  readonly command: Command
  readonly rules: readonly Rule[]
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

/** The option (-4, -6) that marks a line as one for the other program. */
const OTHER_FAMILY = { ipv4: 'ipv6', ipv6: 'ipv4' } as const

const NO_INCOMING = { option: 'in-interface', what: 'incoming interface; use -o' }
const NO_OUTGOING = { option: 'out-interface', what: 'outgoing interface; use -i' }
/** The interface that packets do not have yet, or no longer, by the chain that they are in. */
const UNKNOWN_INTERFACES: ReadonlyMap<string, typeof NO_INCOMING> = new Map([
  ['PREROUTING', NO_OUTGOING],
  ['INPUT', NO_OUTGOING],
  ['OUTPUT', NO_INCOMING],
  ['POSTROUTING', NO_INCOMING],
])

class LineReader {
  otherFamily = false
  readonly #tokens: readonly Token[]
  readonly #scope: RuleScope
  #next = 0
  #command: Command | null = null
  readonly #header: OptionUse[] = []
  readonly #loaded: LoadedExtensions
  #jump: OptionUse | null = null
  #before: ReadOption | null = null
  #isVerbose = false
  #counters: Counters | null = null
  #listing: OptionUse | null = null

  constructor(tokens: readonly Token[], scope: RuleScope) {
    this.#tokens = tokens
    this.#scope = scope
    this.#loaded = { family: scope.family, protocol: 0, matches: [], target: null }
  }

  readAll(): void {
    // A line for the other family is left out, whatever follows.
    while (this.#next < this.#tokens.length && !this.otherFamily) {
      let token = this.#tokens[this.#next++]
      const negated = token.text === '!'
      if (negated) {
        const after = this.#tokens[this.#next++]
        if (after === undefined) throw new Refusal(token, '! stands before nothing; put an option after it')
        if (after.text === '!') throw new Refusal(after, 'two ! in a row; keep one or none')
        token = after
      }
      if (isPlainOption(token.text)) {
        this.#readOption(token, token.text, null, negated)
        continue
      }
      const written = writtenOptions(token)
      for (let index = 0; index < written.length && !this.otherFamily; index++) {
        const { name, attached } = written[index]
        this.#readOption(token, name, attached, negated && index === 0)
      }
    }
  }

  #readOption(token: Token, name: string, attached: Token | null, negated: boolean): void {
    if (!name.startsWith('-')) throw strayWord(token, this.#before)
    const { spec, owner } = findOption(token, name, this.#loaded)
    if (owner === null && spec.name === OTHER_FAMILY[this.#scope.family]) {
      this.otherFamily = true
      this.#scope.warn(`lines with ${name} are for the other family; left out`)
      return
    }
    const first = attached && owner === null ? this.#attachedValue(spec, name, attached, token) : attached
    const wanted = spec.values ?? 1
    let inverted = negated
    if (!negated && spec.negatable && wanted > 0 && !attached && this.#isOldNegation()) {
      inverted = true
      this.#next++
      this.#scope.warn(
        `line ${token.line}: "${name} !" is the old order, which iptables no longer takes; write "! ${name}"`,
      )
    }
    const start = this.#next
    this.#next = Math.min(start + Math.max(0, first ? wanted - 1 : wanted), this.#tokens.length)
    const apart = this.#tokens.slice(start, this.#next)
    const values = first ? [first, ...apart] : apart
    if (values.length < wanted) {
      throw new Refusal(token, missingValue(name, spec))
    }
    if (values.length > wanted && !spec.attachable) {
      const instead = spec.optionalValue ? 'write a space before it' : 'take it away'
      throw new Refusal(token, `${name} takes no value with "="; ${instead}`)
    }
    const following = this.#tokens[this.#next]
    if (spec.optionalValue && following && !/^[-!]/.test(following.text)) {
      values.push(following)
      this.#next++
    }
    if (inverted && !spec.negatable) throw new Refusal(token, `! cannot stand before ${name}; take it away`)
    const use: OptionUse = { spec, at: token, values, negated: inverted, protocolBefore: this.#loaded.protocol }
    this.#before = { spec, at: token, values, name }
    if (owner) owner.uses.push(use)
    else this.#generic(use)
  }

  /** The value in the same word as a generic option. For some options iptables takes the whole word. */
  #attachedValue(spec: OptionSpec, name: string, attached: Token, whole: Token): Token {
    if (!APART_ONLY.has(spec.name)) return attached
    const line = `line ${whole.line}: iptables`
    if (spec.name.endsWith('-interface') && whole.text.length < INTERFACE_NAME) {
      this.#scope.warn(`${line} takes "${whole.text}" as a whole for the interface; write "${name} ${attached.text}"`)
      return whole
    }
    this.#scope.warn(`${line}-restore refuses "${whole.text}"; write the value apart, as "${name} ${attached.text}"`)
    return attached
  }

  /**
   * Whether the next word is the old form of negation, `--dport ! 80`. (`--string !` looks for an exclamation mark.)
   */
  #isOldNegation(): boolean {
    if (this.#tokens[this.#next]?.text !== '!') return false
    const value = this.#tokens[this.#next + 1]
    return value !== undefined && !/^-.|^!$/.test(value.text)
  }

  #generic(use: OptionUse): void {
    const { spec, at, values } = use
    if (COMMANDS.has(spec.name)) {
      if (this.#command) throw secondCommand(at)
      this.#command = readCommand(use, () => this.#positional())
      return
    }
    if (LISTING.has(spec.name)) {
      this.#listing = use
      return
    }
    switch (spec.name) {
      case 'match':
        this.#loaded.matches.push(this.#loadMatch(values[0]))
        return
      case 'jump':
      case 'goto':
        if (this.#jump) throw new Refusal(at, `${at.text} is a second target; a rule has one`)
        this.#jump = use
        if (spec.name === 'jump') this.#loaded.target = this.#loadTarget(values[0])
        return
      case 'set-counters':
        if (this.#counters) throw new Refusal(at, `${at.text} is given twice; keep one of them`)
        this.#counters = this.#readCounters(values[0])
        return
      case 'verbose':
        // iptables complains about ! only before the first one.
        if (use.negated && !this.#isVerbose) throw new Refusal(at, `! cannot stand before ${at.text}; take it away`)
        this.#isVerbose = true
        return
      case 'modprobe':
        return
      case 'ipv4':
      case 'ipv6':
        return
      default:
        if (this.#header.some((other) => other.spec === spec)) {
          throw new Refusal(at, `${at.text} is given twice; keep one of them`)
        }
        if (spec.name === 'fragments' && this.#scope.family === 'ipv6') {
          throw new Refusal(at, 'IPv6 rules have no -f; use -m frag')
        }
        if (spec.name.endsWith('-interface')) checkInterfaceName(values[0])
        this.#header.push(use)
        if (spec.name === 'protocol') this.#loaded.protocol = parseProtocol(values[0])
    }
  }

  #positional(): Token | null {
    const token = this.#tokens[this.#next]
    if (token === undefined || /^[-!]/.test(token.text)) return null
    this.#next++
    return token
  }

  /** `5 6` or `5,6` */
  #readCounters(token: Token): Counters {
    const comma = token.text.indexOf(',')
    const second = comma < 0 ? this.#positional() : { ...token, text: token.text.slice(comma + 1) }
    if (!second) throw new Refusal(token, 'counters are two numbers, packets and bytes; write both')
    const first = comma < 0 ? token : { ...token, text: token.text.slice(0, comma) }
    const counters = parseCounters(first.text, second.text)
    if (!counters) throw new Refusal(token, `"${first.text}" and "${second.text}" are not counters; write two numbers`)
    return counters
  }

  #loadMatch(at: Token): Loaded {
    const extension = findMatch(at.text)
    if (extension) return { extension, at, uses: [] }
    throw unknownMatch(at, this.#scope.family)
  }

  #loadTarget(at: Token): Loaded | null {
    if (standardTarget(at.text) || this.#scope.chains.has(at.text)) return null
    const extension = findTarget(at.text, this.#scope.family)
    if (extension) return { extension, at, uses: [] }
    throw unknownTarget(at, this.#scope.family, this.#scope.chains.names())
  }

  finish(text: string, counters: Counters | null): RuleLine {
    const at = this.#tokens[0]
    if (!this.#command) throw new Refusal(at, 'the line says not what to do; begin it with -A CHAIN')
    this.#checkCommand(this.#command)
    const options = readHeader(this.#header, this.#scope)
    const context: RuleContext = {
      family: this.#scope.family,
      table: this.#scope.table,
      protocol: options.protocol && !options.protocol.negated ? options.protocol.value : 0,
      labels: this.#scope.labels,
      warn: this.#scope.warn,
    }
    const matches = this.#loaded.matches.map(({ extension, at: place, uses }) =>
      this.#scope.extensions.match(extension as MatchExtension, place, uses, context),
    )
    const target = this.#finishTarget(context)
    if (target?.target.needsSyn && !matches.some(({ match }) => match.asksForSyn)) {
      throw new Refusal(this.#loaded.target?.at ?? at, `-j ${target.name} works on SYN packets only; add -p tcp --syn`)
    }
    this.#checkInterfaces()
    const { line, column } = at
    if (this.#counters && counters) {
      this.#scope.warn(`line ${line}: counters stand before the rule and after -c; those of -c count`)
    }
    const hasIdleOptions = this.#header.some(
      ({ spec: { name } }) => name.endsWith('-interface') || (name === 'protocol' && context.family === 'ipv6'),
    )
    const rules = headersOf(options).map((header): Rule => {
      return { line, column, text, counters: this.#counters ?? counters, header, hasIdleOptions, matches, target }
    })
    return { command: this.#command, rules }
  }

  /** Commands without a rule accept none of its options. */
  #checkCommand({ name, at, argument }: Command): void {
    const puts = name === 'append' || name === 'insert' || name === 'replace'
    const takesRule = puts || name === 'check' || (name === 'delete' && !argument)
    if (name === 'list-rules') this.#scope.warn(`line ${at.line}: iptables-legacy-restore may refuse ${at.text}`)
    const option = this.#header[0] ?? this.#jump
    if (this.#listing && name !== 'list') {
      throw new Refusal(this.#listing.at, `${this.#listing.at.text} is for lists; take it away`)
    }
    if (!takesRule && option) {
      throw new Refusal(option.at, `${option.at.text} cannot stand after ${at.text}; take it away`)
    }
    if (this.#counters && !puts && name !== 'policy') {
      throw new Refusal(at, `counters cannot stand after ${at.text}; take them away`)
    }
  }

  #finishTarget(context: RuleContext): RuleTarget | null {
    if (!this.#jump) return null
    const [name] = this.#jump.values
    const goto = this.#jump.spec.name === 'goto'
    if (goto && !this.#scope.chains.has(name.text)) {
      const instead = meantBy(name.text, this.#scope.chains.names(), `declare it with :${name.text} - [0:0]`)
      throw new Refusal(name, `there is no chain "${name.text}" above; ${instead}`)
    }
    if (!this.#loaded.target) {
      const target = goto ? chainTarget('goto', name) : (standardTarget(name.text) ?? chainTarget('jump', name))
      checkRequirements(`-j ${name.text}`, target, name, context)
      return { name: name.text, hooks: null, target }
    }
    const { extension, uses } = this.#loaded.target
    return this.#scope.extensions.target(extension as TargetExtension, name, uses, context)
  }

  #checkInterfaces(): void {
    const chain = this.#command?.chain?.text ?? ''
    const unknown = UNKNOWN_INTERFACES.get(chain)
    if (unknown === undefined) return
    const use = this.#header.find(({ spec }) => spec.name === unknown.option)
    if (use) throw new Refusal(use.at, `${chain} knows no ${unknown.what}`)
  }
}

function chainTarget(kind: 'jump' | 'goto', { text }: Token): Target {
  return { print: printNothing, action: { kind, chain: text } }
}

function printNothing(): string {
  return ''
}
