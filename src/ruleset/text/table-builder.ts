import { HOOK_NAMES } from '../packet/hooks.ts'
import { printRule } from '../print.ts'
import type { Chain, Counters, Rule, Table } from '../rule.ts'
import type { TableName } from '../ruleset.ts'
import { TABLE_HOOKS } from '../tables.ts'
import { TARGETS } from '../targets/registry.ts'
import { meantBy } from './closest.ts'
import type { RuleLine } from './parse-rule.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

interface ChainBuilder {
  name: string
  readonly base: boolean
  policy: 'ACCEPT' | 'DROP' | null
  counters: Counters | null
  line: number
  text: string
  rules: Rule[]
}

/** XT_EXTENSION_MAXNAMELEN */
const NAME_MAX = 28
/** Longest name after -E, and how much of it iptables and the kernel keep. */
const NEW_NAME_MAX = 31
const RENAMED_MAX = 29
/** Names that are targets in every table. */
const RESERVED: ReadonlySet<string> = new Set(['ACCEPT', 'DROP', 'RETURN', 'QUEUE'])

/** A table while its lines are read. */
export class TableBuilder {
  readonly name: TableName
  readonly line: number
  readonly #isOfCommands: boolean
  readonly #chains = new Map<string, ChainBuilder>()
  /** Printed text of rules that others were compared with (-C, -D). */
  readonly #texts = new WeakMap<Rule, string>()

  /** @param isOfCommands each line is a separate iptables command, not a line for iptables-restore */
  constructor(name: TableName, line: number, isOfCommands: boolean) {
    this.name = name
    this.line = line
    this.#isOfCommands = isOfCommands
    for (const hook of TABLE_HOOKS[name]) {
      const chain = HOOK_NAMES[hook]
      this.#chains.set(chain, {
        name: chain,
        base: true,
        policy: 'ACCEPT',
        counters: null,
        line,
        text: `:${chain} ACCEPT`,
        rules: [],
      })
    }
  }

  isBaseChain(name: string): boolean {
    return this.#chains.get(name)?.base ?? false
  }

  /** Whether there is such a chain. */
  has(name: string): boolean {
    return this.#chains.has(name)
  }

  names(): readonly string[] {
    return [...this.#chains.keys()]
  }

  /** `:NAME POLICY [packets:bytes]` */
  declare(name: Token, policy: Token, counters: Counters | null, text: string): void {
    let chain = this.#chains.get(name.text)
    if (!chain) {
      this.#create(name)
      chain = this.#chain(name)
    } else if (!chain.base) chain.rules = []
    if (policy.text !== '-') {
      this.#setPolicy(chain, policy)
      // In the kernel the counters of a chain are those of its policy.
      chain.counters = counters
    }
    chain.line = name.line
    chain.text = text
  }

  apply({ command, rules }: RuleLine): void {
    const { argument } = command
    switch (command.name) {
      case 'append':
        this.#chain(command.chain).rules.push(...rules)
        return
      case 'insert':
        this.#insert(this.#chain(command.chain), argument, rules)
        return
      case 'replace':
        this.#replace(this.#chain(command.chain), argument, rules, command.at)
        return
      case 'delete':
        this.#delete(command.chain, argument, rules, command.at)
        return
      case 'check':
        for (const rule of rules) this.#indexOf(this.#chain(command.chain), rule, command.at)
        return
      case 'list':
      case 'list-rules':
        this.#every(command.chain)
        return
      case 'new-chain':
        if (command.chain) this.#createByCommand(command.chain)
        return
      case 'delete-chain':
        this.#deleteChains(command.chain)
        return
      case 'rename-chain':
        this.#renameByCommand(this.#chain(command.chain), argument, command.at)
        return
      case 'flush':
        for (const chain of this.#every(command.chain)) chain.rules = []
        return
      case 'zero':
        for (const chain of this.#every(command.chain)) this.#zero(chain, argument)
        return
      case 'policy':
        if (argument) {
          const chain = this.#chain(command.chain)
          this.#setPolicy(chain, argument)
          chain.counters = rules[0]?.counters ?? null
        }
        return
    }
  }

  #insert(chain: ChainBuilder, argument: Token | null, rules: readonly Rule[]): void {
    const at = argument ? ruleNumber(argument, chain.rules.length + 1) - 1 : 0
    for (const rule of rules) chain.rules.splice(at, 0, rule)
  }

  #replace(chain: ChainBuilder, argument: Token | null, rules: readonly Rule[], command: Token): void {
    if (rules.length !== 1) throw new Refusal(command, '-R takes one source and one destination address')
    chain.rules[ruleNumber(argument, chain.rules.length) - 1] = rules[0]
  }

  #renameByCommand(chain: ChainBuilder, argument: Token | null, command: Token): void {
    const name = argument?.text.slice(0, RENAMED_MAX) ?? ''
    if (!argument || chain.base || this.has(name) || RESERVED.has(name)) {
      throw new Refusal(command, 'only a user chain can be renamed, to a name that is free; choose another')
    }
    if (argument.text === '' || argument.text.length > NEW_NAME_MAX) {
      throw new Refusal(argument, `"${argument.text}" cannot be the new name; use 1 to ${NAME_MAX} characters`)
    }
    this.#rename(chain, name)
  }

  /** iptables-restore zeroes what the kernel counted before, but keeps the counters that the same file gives. */
  #zero(chain: ChainBuilder, argument: Token | null): void {
    const only = argument ? ruleNumber(argument, chain.rules.length) - 1 : -1
    if (!this.#isOfCommands) return
    if (!argument) chain.counters = null
    chain.rules = chain.rules.map((rule, at) => (argument && at !== only ? rule : { ...rule, counters: null }))
  }

  finish(): Table {
    const chains: Chain[] = [...this.#chains.values()].map(({ base: _, ...chain }) => chain)
    return { name: this.name, line: this.line, chains }
  }

  #chain(token: Token | null): ChainBuilder {
    const chain = token && this.#chains.get(token.text)
    if (chain) return chain
    const name = token?.text ?? ''
    const instead = meantBy(name, this.names(), `declare it with :${name} - [0:0] above`)
    throw new Refusal(
      token ?? { line: this.line, column: 1 },
      `the table ${this.name} has no chain "${name}"; ${instead}`,
    )
  }

  #every(token: Token | null): ChainBuilder[] {
    return token ? [this.#chain(token)] : [...this.#chains.values()]
  }

  #create(token: Token): void {
    if (this.has(token.text))
      throw new Refusal(token, `the chain "${token.text}" is there already; take this line away`)
    this.#checkName(token)
    const { text: name, line } = token
    const chain = { name, base: false, policy: null, counters: null, line, text: `:${name} -`, rules: [] }
    this.#chains.set(name, chain)
  }

  #createByCommand(token: Token): void {
    if (/^[-!]/.test(token.text)) {
      throw new Refusal(token, `the name of a chain cannot begin with "${token.text[0]}"; choose another`)
    }
    if (/\s/.test(token.text)) throw new Refusal(token, `the name "${token.text}" has spaces; take them out`)
    if (TARGETS.some(({ name }) => name === token.text)) {
      throw new Refusal(token, `"${token.text}" is a target, so -N makes no chain of that name; choose another`)
    }
    this.#create(token)
  }

  /** Renames a chain, also in the rules that lead to it. */
  #rename(chain: ChainBuilder, name: string): void {
    const old = chain.name
    this.#chains.delete(old)
    this.#chains.set(name, Object.assign(chain, { name }))
    for (const other of this.#chains.values()) other.rules = other.rules.map((rule) => leadingTo(rule, old, name))
  }

  #checkName(token: Token): void {
    const name = token.text
    if (name.length === 0 || Buffer.byteLength(name) > NAME_MAX) {
      throw new Refusal(token, `"${name}" cannot be the name of a chain; use 1 to ${NAME_MAX} characters`)
    }
    if (RESERVED.has(name))
      throw new Refusal(token, `"${name}" is a target, so no chain can be called so; choose another name`)
  }

  #setPolicy(chain: ChainBuilder, token: Token): void {
    if (!chain.base)
      throw new Refusal(token, `the chain "${chain.name}" has no policy, because it is no base chain; write -`)
    if (token.text !== 'ACCEPT' && token.text !== 'DROP') {
      const instead = /^(?:ACCEPT|DROP)\[/.test(token.text)
        ? 'write a space before ['
        : meantBy(token.text, ['ACCEPT', 'DROP'], 'write ACCEPT or DROP')
      throw new Refusal(token, `"${token.text}" is not a policy; ${instead}`)
    }
    chain.policy = token.text
  }

  #delete(name: Token | null, argument: Token | null, rules: readonly Rule[], at: Token): void {
    const chain = this.#chain(name)
    if (argument) {
      chain.rules.splice(ruleNumber(argument, chain.rules.length) - 1, 1)
      return
    }
    for (const rule of rules) chain.rules.splice(this.#indexOf(chain, rule, at), 1)
  }

  #indexOf(chain: ChainBuilder, rule: Rule, at: Token): number {
    const text = identityOf(rule)
    const index = chain.rules.findIndex((other) => this.#textOf(other) === text)
    if (index < 0) throw new Refusal(at, `the chain "${chain.name}" has no such rule; take this line away`)
    return index
  }

  #textOf(rule: Rule): string {
    let text = this.#texts.get(rule)
    if (text === undefined) {
      text = identityOf(rule)
      this.#texts.set(rule, text)
    }
    return text
  }

  #deleteChains(token: Token | null): void {
    const doomed = token ? [this.#chain(token)] : [...this.#chains.values()].filter((chain) => !chain.base)
    const used = new Set<string>()
    for (const chain of this.#chains.values())
      for (const rule of chain.rules) if (rule.target) used.add(rule.target.name)
    for (const chain of doomed) {
      if (chain.base || chain.rules.length > 0 || used.has(chain.name)) {
        const at = token ?? { line: this.line, column: 1 }
        throw new Refusal(
          at,
          `the chain "${chain.name}" cannot be deleted; only empty user chains that no rule names can be`,
        )
      }
      this.#chains.delete(chain.name)
    }
  }
}

/** The rule itself, or a copy with the new name where it leads to the renamed chain. */
function leadingTo(rule: Rule, old: string, chain: string): Rule {
  const action = rule.target?.target.action
  if (!rule.target || !action || (action.kind !== 'jump' && action.kind !== 'goto') || action.chain !== old) return rule
  return {
    ...rule,
    target: { ...rule.target, name: chain, target: { ...rule.target.target, action: { ...action, chain } } },
  }
}

function ruleNumber(token: Token | null, last: number): number {
  const number = token && /^[0-9]{1,9}$/.test(token.text) ? Number.parseInt(token.text, 10) : 0
  if (token && number >= 1 && number <= last) return number
  throw new Refusal(
    token ?? { line: 0, column: 1 },
    `"${token?.text}" is not the number of a rule here; there are ${last}`,
  )
}

/** Equal for rules that the tools take for the same. */
function identityOf(rule: Rule): string {
  return [printRule(rule), ...rule.matches.map(({ match }) => match.unprinted ?? '')].join(' ')
}
