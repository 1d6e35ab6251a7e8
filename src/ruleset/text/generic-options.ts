import type { OptionSpec } from './options.ts'

interface GenericOption extends OptionSpec {
  readonly short?: string
}

/** The options that every rule knows (iptables(8)). */
export const GENERIC_OPTIONS: readonly GenericOption[] = [
  { short: 'A', name: 'append' },
  { short: 'D', name: 'delete' },
  { short: 'C', name: 'check' },
  { short: 'L', name: 'list', values: 0, attachable: true },
  { short: 'S', name: 'list-rules', values: 0, attachable: true },
  { short: 'I', name: 'insert' },
  { short: 'R', name: 'replace' },
  { short: 'N', name: 'new-chain' },
  { short: 'X', name: 'delete-chain', values: 0, attachable: true },
  { short: 'E', name: 'rename-chain' },
  { short: 'F', name: 'flush', values: 0, attachable: true },
  { short: 'Z', name: 'zero', values: 0, attachable: true },
  { short: 'P', name: 'policy' },
  { short: 's', name: 'source', aliases: ['src'], negatable: true },
  { short: 'd', name: 'destination', aliases: ['dst'], negatable: true },
  { short: 'i', name: 'in-interface', negatable: true },
  { short: 'o', name: 'out-interface', negatable: true },
  { short: 'p', name: 'protocol', negatable: true },
  { short: 'f', name: 'fragments', values: 0, negatable: true },
  { short: 'm', name: 'match' },
  { short: 'j', name: 'jump' },
  { short: 'g', name: 'goto' },
  { short: 'c', name: 'set-counters' },
  { short: '4', name: 'ipv4', values: 0, negatable: true },
  { short: '6', name: 'ipv6', values: 0, negatable: true },
  { short: 'v', name: 'verbose', values: 0, negatable: true },
  { short: 'n', name: 'numeric', values: 0 },
  { short: 'x', name: 'exact', values: 0 },
  { name: 'line-numbers', values: 0 },
  { short: 'M', name: 'modprobe' },
]

/**
 * For these options the tools take the last word before the next option as the value, even the whole word
 * `--protocol=tcp`.
 */
export const APART_ONLY: ReadonlySet<string> = new Set([
  'source',
  'destination',
  'protocol',
  'in-interface',
  'out-interface',
  'jump',
])

/** Options about the form of a listing. */
export const LISTING: ReadonlySet<string> = new Set(['numeric', 'exact', 'line-numbers'])

/** Options that only the iptables command knows, by their short form. iptables-restore refuses them. */
export const COMMAND_LINE_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['t', 'table'],
  ['w', 'wait'],
  ['W', 'wait-interval'],
  ['V', 'version'],
  ['h', 'help'],
])

export const SHORT_OPTIONS: ReadonlyMap<string, OptionSpec> = new Map(
  GENERIC_OPTIONS.flatMap((option) => (option.short ? [[`-${option.short}`, option] as const] : [])),
)
