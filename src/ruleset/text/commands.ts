import { SHORT_OPTIONS } from './generic-options.ts'
import type { OptionUse } from './options.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** What a line does to its chain. */
export interface Command {
  readonly name:
    | 'append'
    | 'insert'
    | 'replace'
    | 'delete'
    | 'check'
    | 'list'
    | 'list-rules'
    | 'new-chain'
    | 'delete-chain'
    | 'rename-chain'
    | 'flush'
    | 'zero'
    | 'policy'
  readonly at: Token
  /** null: all chains. */
  readonly chain: Token | null
  /** Rule number (insert, replace, delete, zero), new name or policy. */
  readonly argument: Token | null
}

export const COMMANDS: ReadonlySet<string> = new Set<Command['name']>([
  'append',
  'insert',
  'replace',
  'delete',
  'check',
  'list',
  'list-rules',
  'new-chain',
  'delete-chain',
  'rename-chain',
  'flush',
  'zero',
  'policy',
])

const WITH_ARGUMENT: ReadonlySet<string> = new Set<Command['name']>([
  'insert',
  'replace',
  'delete',
  'list',
  'list-rules',
  'rename-chain',
  'zero',
  'policy',
])

/** What must follow the chain. */
const NEEDED: ReadonlyMap<Command['name'], string> = new Map([
  ['replace', 'a rule number'],
  ['rename-chain', 'the new name'],
  ['policy', 'a policy'],
])

/** For an option that is a command, after another one. Capital letters are commands, small ones conditions of rules. */
export function secondCommand(at: Token): Refusal {
  const small = at.text.toLowerCase()
  const instead = small !== at.text && SHORT_OPTIONS.has(small) ? `did you mean ${small}?` : 'give each its own line'
  return new Refusal(at, `${at.text} is a second command; ${instead}`)
}

/** @param positional takes the next word of the line when it is no option */
export function readCommand(use: OptionUse, positional: () => Token | null): Command {
  const name = use.spec.name as Command['name']
  const chain = use.values[0] ?? positional()
  const argument = WITH_ARGUMENT.has(name) ? positional() : null
  const needed = NEEDED.get(name)
  if (needed && !argument) throw new Refusal(use.at, `${use.at.text} needs ${needed} after the chain`)
  return { name, at: use.at, chain, argument }
}
