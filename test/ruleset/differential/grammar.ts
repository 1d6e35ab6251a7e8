import type { Family } from '../../../src/ruleset/packet/rule-environment.ts'
import type { TableName } from '../../../src/ruleset/ruleset.ts'

/** Values that an option takes, and what must stand with it. */
interface OptionSamples {
  /** As written after the option; '' for options without a value. Each must be taken by the tools. */
  readonly good: readonly string[]
  /** Others that look right. */
  readonly doubtful?: readonly string[]
  /** Instead of the extension's `needs`. */
  readonly with?: string
  /** They name what `setup` made, so that no others are tried. */
  readonly names?: true
}

/** How rules with one extension are made up. */
export interface Grammar {
  readonly name: string
  readonly kind: 'match' | 'target'
  /** Both families where absent. */
  readonly family?: Family
  readonly table: TableName
  readonly chain: string
  /** What stands before it in the rule. */
  readonly before: string
  /** Options that must be there, one each. */
  readonly needs: readonly string[]
  /** Shell commands that make what the rules name. */
  readonly setup?: string
  /** The running kernel lacks it, or the machine what its rules name: only the tools can be asked. */
  readonly recorded?: boolean
  readonly options: Readonly<Record<string, OptionSamples>>
}

type Samples = Readonly<Record<string, readonly string[] | OptionSamples>>
type Settings = Partial<Omit<Grammar, 'name' | 'kind' | 'options'>>

function grammar(kind: Grammar['kind'], name: string, options: Samples, settings: Settings): Grammar {
  const samples = Object.entries(options).map(([option, given]): [string, OptionSamples] => [
    option,
    'good' in given ? given : { good: given },
  ])
  const place = { table: 'filter', chain: 'FORWARD', before: '', needs: [] } as const
  return { ...place, ...settings, name, kind, options: Object.fromEntries(samples) }
}
export const match = (name: string, options: Samples, settings: Settings = {}): Grammar =>
  grammar('match', name, options, settings)
export const target = (name: string, options: Samples, settings: Settings = {}): Grammar =>
  grammar('target', name, options, settings)

export const FLAG = ['']
export const NUMERIC_PORTS = ['80', '1:2', ':5', '5:']
export const PORTS = [...NUMERIC_PORTS, 'http', 'domain:http']
export const MASKED = ['5', '0x5/0xff', '5/7', '010/0xf']
export const RANGES = ['5', '1:6']
export const SPIS = ['5', '0x10:0x20', ':5', '7:']
export const PREFIXES = ['0', '24', '32']

export const FAMILIES = ['ipv4', 'ipv6'] as const

/** Shell commands that make the sets s, p, k and l. */
export function setsOf(family: Family): string {
  const inet = family === 'ipv4' ? 'inet' : 'inet6'
  return [
    `ipset create s hash:ip family ${inet} timeout 600 counters`,
    `ipset create p hash:ip,port family ${inet}`,
    `ipset create k hash:ip family ${inet} skbinfo`,
    'ipset create l list:set',
  ].join('; ')
}

const ESTIMATOR_NAMES = ['a', 'b', 'c'.repeat(15)]
export const ESTIMATORS = ESTIMATOR_NAMES.map(
  (name) =>
    `iptables-legacy -t mangle -A INPUT -j RATEEST --rateest-name ${name} --rateest-interval 250ms --rateest-ewmalog 500ms`,
).join('; ')
