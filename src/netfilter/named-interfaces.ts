import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { firstOf } from './count-text.ts'
import type { InterfaceOption } from './interfaces.ts'

/** Names listed in one sentence. */
export const NAMES_SHOWN = 8

type Rulesets = readonly (CompiledRuleset | null)[]

/** Where the user may name interfaces. */
export interface NamedInterfaces {
  readonly interfaces: readonly InterfaceOption[]
  readonly inInterface?: string | undefined
  readonly outInterface?: string | undefined
}

/**
 * The interfaces that rules name (a + at the end stands for any rest) and the user did not, in the order of the rules,
 * without lo.
 */
export function interfacesNotGiven(rulesets: Rulesets, given: readonly string[]): string[] {
  return namesInRules(rulesets).filter((pattern) => !given.some((name) => isMeant(pattern, name)))
}

/** Warns about given names that no rule uses, while rules have names that were not given: probably a typing error. */
export function interfaceWarnings(rulesets: Rulesets, options: NamedInterfaces): string[] {
  const { inInterface, outInterface } = options
  const given: [string, string][] = options.interfaces.map(({ name }) => ['--iface', name])
  if (inInterface !== undefined) given.push(['--in-iface', inInterface])
  if (outInterface !== undefined) given.push(['--out-iface', outInterface])
  const known = namesInRules(rulesets)
  const others = interfacesNotGiven(rulesets, givenNames(options))
  if (others.length === 0) return []
  const spoken = firstOf(others, NAMES_SHOWN)
  return given
    .filter(([, name]) => name !== 'lo' && !known.some((pattern) => isMeant(pattern, name)))
    .map(([option, name]) => `No rule speaks of the interface ${name} (${option}), but of ${spoken}.`)
}

export function givenNames({ interfaces, inInterface, outInterface }: NamedInterfaces): string[] {
  return [...interfaces.map(({ name }) => name), inInterface ?? [], outInterface ?? []].flat()
}

function namesInRules(rulesets: Rulesets): string[] {
  const names = new Set(rulesets.flatMap((ruleset) => ruleset?.interfaceNames ?? []))
  names.delete('lo')
  return [...names]
}

function isMeant(pattern: string, name: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
