import { printRule } from '../print.ts'
import type { Chain, Counters, Rule, Table } from '../rule.ts'
import { HOOK_NAMES } from '../rule-packet.ts'
import type { TableName } from '../ruleset.ts'
import { TABLE_HOOKS } from '../tables.ts'
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
/** Names that are targets in every table. */
const RESERVED: ReadonlySet<string> = new Set(['ACCEPT', 'DROP', 'RETURN', 'QUEUE'])

/** A table while its lines are read. */
export class TableBuilder {
  readonly name: TableName
  readonly line: number
  readonly #chains = new Map<string, ChainBuilder>()

  constructor(name: TableName, line: number) {
    this.name = name
    this.line = line
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

  hasChain(name: string): boolean {
    return this.#chains.has(name)
  }

  /** `:NAME POLICY [packets:bytes]` */
  declare(name: Token, policy: Token, counters: Counters | null, text: string): void {
    let chain = this.#chains.get(name.text)
    if (!chain) {
      this.#create(name)
      chain = this.#chain(name)
    } else if (!chain.base) chain.rules = []
    if (policy.text !== '-') this.#setPolicy(chain, policy)
    chain.counters = counters
    chain.line = name.line
    chain.text = text
  }

  apply({ command, rules }: RuleLine): void {
    const { argument } = command
    switch (command.name) {
      case 'append':
        this.#chain(command.chain).rules.push(...rules)
        return
      case 'insert': {
        const chain = this.#chain(command.chain)
        const at = argument ? ruleNumber(argument, chain.rules.length + 1) - 1 : 0
        for (const rule of rules) chain.rules.splice(at, 0, rule)
        return
      }
      case 'replace': {
        const chain = this.#chain(command.chain)
        if (rules.length !== 1) throw new Refusal(command.at, '-R takes one source and one destination address')
        chain.rules[ruleNumber(argument, chain.rules.length) - 1] = rules[0]
        return
      }
      case 'delete':
        this.#delete(command.chain, argument, rules, command.at)
        return
      case 'new-chain':
        if (command.chain) this.#create(command.chain)
        return
      case 'delete-chain':
        this.#deleteChains(command.chain)
        return
      case 'rename-chain': {
        const chain = this.#chain(command.chain)
        if (!argument || chain.base || this.hasChain(argument.text)) {
          throw new Refusal(command.at, 'only a user chain can be renamed, to a name that is free')
        }
        this.#checkName(argument)
        this.#chains.delete(chain.name)
        this.#chains.set(argument.text, Object.assign(chain, { name: argument.text }))
        return
      }
      case 'flush':
        for (const chain of this.#every(command.chain)) chain.rules = []
        return
      case 'zero':
        for (const chain of this.#every(command.chain)) {
          if (argument) {
            const at = ruleNumber(argument, chain.rules.length) - 1
            chain.rules[at] = { ...chain.rules[at], counters: null }
            continue
          }
          chain.counters = null
          chain.rules = chain.rules.map((rule) => ({ ...rule, counters: null }))
        }
        return
      case 'policy':
        if (argument) this.#setPolicy(this.#chain(command.chain), argument)
        return
    }
  }

  finish(): Table {
    const chains: Chain[] = [...this.#chains.values()].map(({ base: _, ...chain }) => chain)
    return { name: this.name, line: this.line, chains }
  }

  #chain(token: Token | null): ChainBuilder {
    const chain = token && this.#chains.get(token.text)
    if (chain) return chain
    const name = token?.text ?? ''
    throw new Refusal(
      token ?? { line: this.line, column: 1 },
      `the table ${this.name} has no chain "${name}"; declare it with :${name} - [0:0] above`,
    )
  }

  #every(token: Token | null): ChainBuilder[] {
    return token ? [this.#chain(token)] : [...this.#chains.values()]
  }

  #create(token: Token): void {
    if (this.hasChain(token.text)) throw new Refusal(token, `the chain "${token.text}" is there already`)
    this.#checkName(token)
    const { text: name, line } = token
    const chain = { name, base: false, policy: null, counters: null, line, text: `:${name} -`, rules: [] }
    this.#chains.set(name, chain)
  }

  #checkName(token: Token): void {
    const name = token.text
    if (name.length === 0 || Buffer.byteLength(name) > NAME_MAX) {
      throw new Refusal(token, `"${name}" cannot be the name of a chain; use 1 to ${NAME_MAX} characters`)
    }
    if (/^[-!]/.test(name)) throw new Refusal(token, `the name of a chain cannot begin with "${name[0]}"`)
    if (RESERVED.has(name)) throw new Refusal(token, `"${name}" is a target, so no chain can be called so`)
  }

  #setPolicy(chain: ChainBuilder, token: Token): void {
    if (!chain.base)
      throw new Refusal(token, `the chain "${chain.name}" has no policy, because it is no base chain; write -`)
    if (token.text !== 'ACCEPT' && token.text !== 'DROP') {
      throw new Refusal(token, `"${token.text}" is not a policy; write ACCEPT or DROP`)
    }
    chain.policy = token.text
  }

  #delete(name: Token | null, argument: Token | null, rules: readonly Rule[], at: Token): void {
    const chain = this.#chain(name)
    if (argument) {
      chain.rules.splice(ruleNumber(argument, chain.rules.length) - 1, 1)
      return
    }
    for (const rule of rules) {
      const text = printRule(rule)
      const index = chain.rules.findIndex((other) => printRule(other) === text)
      if (index < 0) throw new Refusal(at, `the chain "${chain.name}" has no such rule to delete`)
      chain.rules.splice(index, 1)
    }
  }

  #deleteChains(token: Token | null): void {
    const doomed = token ? [this.#chain(token)] : [...this.#chains.values()].filter((chain) => !chain.base)
    const used = new Set<string>()
    for (const chain of this.#chains.values())
      for (const rule of chain.rules) if (rule.target) used.add(rule.target.name)
    for (const chain of doomed) {
      if (chain.base || chain.rules.length > 0 || used.has(chain.name)) {
        const at = token ?? { line: this.line, column: 1 }
        throw new Refusal(at, `the chain "${chain.name}" cannot be deleted: only empty user chains that no rule names`)
      }
      this.#chains.delete(chain.name)
    }
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
