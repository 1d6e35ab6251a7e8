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
  { short: 'p', name: 'protocol', negatable: true },
  { short: 'f', name: 'fragments', values: 0, negatable: true },
  { short: 'm', name: 'match' },
  { short: 'j', name: 'jump' },
  { short: 'g', name: 'goto' },
  { short: 'c', name: 'set-counters' },
  { short: '4', name: 'ipv4', values: 0 },
  { short: '6', name: 'ipv6', values: 0 },
  { short: 'v', name: 'verbose', values: 0 },
  { short: 'M', name: 'modprobe' },
]

/** Of these the tools take the last word before the next option for the value, `--protocol=tcp` as a whole. */
export const APART_ONLY: ReadonlySet<string> = new Set([
  'source',
  'destination',
  'protocol',
  'in-interface',
  'out-interface',
  'jump',
])

/** What only the iptables command knows, by its short form. iptables-restore refuses these. */
export const COMMAND_LINE_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['C', 'check'],
  ['L', 'list'],
  ['S', 'list-rules'],
  ['t', 'table'],
  ['n', 'numeric'],
  ['w', 'wait'],
  ['W', 'wait-interval'],
  ['x', 'exact'],
  ['V', 'version'],
  ['h', 'help'],
  ['0', 'line-numbers'],
])

export const SHORT_OPTIONS: ReadonlyMap<string, OptionSpec> = new Map(
  GENERIC_OPTIONS.map((option) => [`-${option.short}`, option]),
)
