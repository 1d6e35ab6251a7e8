import type { Family, TableName } from '../../../src/ruleset/ruleset.ts'

/** Values that an option takes, and what must stand with it. */
export interface OptionSamples {
  /** As written behind the option; '' for options without a value. */
  readonly good: readonly string[]
  /** Instead of the extension's `needs`. */
  readonly with?: string
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
  /** The running kernel lacks it: only the parser of the tools can be asked. */
  readonly parserOnly?: boolean
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
export const PORTS = ['80', '1:2', ':5', '5:', 'http', 'domain:http']
export const MASKED = ['5', '0x5/0xff', '5/7', '010/0xf']
export const RANGES = ['5', '1:6']
export const SPIS = ['5', '0x10:0x20', ':5', '7:']
export const PREFIXES = ['0', '24', '32']

export const SETS =
  'ipset create s hash:ip timeout 600 counters; ipset create p hash:ip,port; ipset create k hash:ip skbinfo; ipset create l list:set'
export const ESTIMATORS = ['iptables', 'ip6tables']
  .map(
    (tool) =>
      `for n in a b; do ${tool}-legacy -t mangle -A INPUT -j RATEEST --rateest-name $n --rateest-interval 250ms --rateest-ewmalog 500ms; done`,
  )
  .join('; ')
