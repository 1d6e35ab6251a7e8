import type { OptionSpec } from './options.ts'

interface GenericOption extends OptionSpec {
  readonly short?: string
}

/** The options that every rule knows (iptables(8)). */
export const GENERIC_OPTIONS: readonly GenericOption[] = [
  { short: 'A', name: 'append' },
  { short: 'D', name: 'delete' },
  { short: 'I', name: 'insert' },
  { short: 'R', name: 'replace' },
  { short: 'N', name: 'new-chain' },
  { short: 'X', name: 'delete-chain', values: 0 },
  { short: 'E', name: 'rename-chain' },
  { short: 'F', name: 'flush', values: 0 },
  { short: 'Z', name: 'zero', values: 0 },
  { short: 'P', name: 'policy' },
  { short: 's', name: 'source', aliases: ['src'], negatable: true },
  { short: 'd', name: 'destination', aliases: ['dst'], negatable: true },
  { short: 'i', name: 'in-interface', negatable: true },
  { short: 'o', name: 'out-interface', negatable: true },
  { short: 'p', name: 'protocol', aliases: ['proto'], negatable: true },
  { short: 'f', name: 'fragment', aliases: ['fragments'], values: 0, negatable: true },
  { short: 'm', name: 'match' },
  { short: 'j', name: 'jump' },
  { short: 'g', name: 'goto' },
  { short: 'c', name: 'set-counters', values: 2 },
  { short: '4', name: 'ipv4', values: 0 },
  { short: '6', name: 'ipv6', values: 0 },
]

export const SHORT_OPTIONS: ReadonlyMap<string, OptionSpec> = new Map(
  GENERIC_OPTIONS.map((option) => [`-${option.short}`, option]),
)
