import type { Family } from '../packet/rule-environment.ts'
import type { Negatable } from '../rule.ts'
import { type AddressMask, parseAddressMask } from './addresses.ts'
import type { OptionUse } from './options.ts'
import { unreplaced } from './placeholders.ts'
import { parseProtocol } from './protocols.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** The values of `-s -d -i -o -p -f`. Lists of addresses are not yet expanded into several rules. */
export interface HeaderOptions {
  readonly sources: AddressMask[]
  readonly sourceNegated: boolean
  readonly destinations: AddressMask[]
  readonly destinationNegated: boolean
  readonly inInterface: Negatable<string> | null
  readonly outInterface: Negatable<string> | null
  readonly protocol: Negatable<number> | null
  readonly fragment: Negatable<true> | null
}

/** IFNAMSIZ, its final zero included. */
export const INTERFACE_NAME = 16

interface HeaderScope {
  readonly family: Family
  warn(text: string): void
}

export function readHeader(uses: readonly OptionUse[], scope: HeaderScope): HeaderOptions {
  const use = (name: string): OptionUse | undefined => uses.find(({ spec }) => spec.name === name)
  const source = use('source')
  const destination = use('destination')
  const fragment = use('fragments')
  const sources = source ? addresses(source, scope.family) : []
  const destinations = destination ? addresses(destination, scope.family) : []
  const negated = [source, destination].find((one) => one?.negated)
  if (negated && (sources.length > 1 || destinations.length > 1)) {
    throw new Refusal(
      negated.values[0],
      '! cannot stand in a rule with several addresses; use a set, or RETURN for each in a chain of its own',
    )
  }
  return {
    sources,
    sourceNegated: source?.negated ?? false,
    destinations,
    destinationNegated: destination?.negated ?? false,
    inInterface: interfaceName(use('in-interface'), scope),
    outInterface: interfaceName(use('out-interface'), scope),
    protocol: protocol(use('protocol')),
    fragment: fragment ? { value: true, negated: fragment.negated } : null,
  }
}

function addresses(use: OptionUse, family: Family): AddressMask[] {
  const [token] = use.values
  if (!token.text.includes(',')) return [parseAddressMask(token, family, token.text.trim())]
  return token.text.split(',').map((text) => parseAddressMask(token, family, text.trim()))
}

function interfaceName(use: OptionUse | undefined, scope: HeaderScope): Negatable<string> | null {
  if (!use) return null
  const [{ text, line }] = use.values
  const what = unreplaced(text)
  if (what !== null) {
    scope.warn(
      `line ${line}: "${text}" is ${what}, which iptables takes for an interface's name; write what it stands for`,
    )
  }
  return text === '+' && !use.negated ? null : { value: text, negated: use.negated }
}

export function checkInterfaceName(token: Token): void {
  if (token.text === '') throw new Refusal(token, 'the interface has an empty name; write it out')
  if (token.text.length >= INTERFACE_NAME) {
    throw new Refusal(token, `"${token.text}" is too long for an interface; at most ${INTERFACE_NAME - 1} characters`)
  }
}

function protocol(use: OptionUse | undefined): Negatable<number> | null {
  if (!use) return null
  const token: Token = use.values[0]
  const value = parseProtocol(token)
  if (value === 0 && use.negated) throw new Refusal(token, 'no packet can match "! -p all"; take the rule out')
  return value === 0 ? null : { value, negated: use.negated }
}
