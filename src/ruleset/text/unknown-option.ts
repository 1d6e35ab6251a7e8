import { MATCHES } from '../matches/registry.ts'
import type { Family } from '../packet/rule-environment.ts'
import { TARGETS } from '../targets/registry.ts'
import { isOptionName } from './one-dash.ts'
import type { OptionSpec } from './options.ts'

interface Extension {
  readonly name: string
  readonly family?: Family
  readonly options: readonly OptionSpec[]
}

/** Options of old iptables that have another name now. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['days', 'weekdays'],
  ['log-ip-option', 'log-ip-options'],
  ['log-tcp-option', 'log-tcp-options'],
  ['to-port', 'to-ports'],
])
/** Options of other systems. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['send_nl_msg', "it is Android's, and changes nothing of what becomes of a packet, so take it away with its value"],
])
const NAMED_MAX = 3

/** Advice for an option that is unknown to everything loaded so far. */
export function insteadOf(long: string, loaded: readonly Extension[], family: Family): string {
  const renamed = RENAMED.get(long)
  if (renamed !== undefined) return `write --${renamed}`
  const foreign = FOREIGN.get(long)
  if (foreign !== undefined) return foreign
  const [, name, value] = /^([a-z-]{2,})([0-9].*)$/.exec(long) ?? []
  if (name !== undefined && isOptionName(name)) return `write "--${name} ${value}"`
  const owns = ({ options, ...extension }: Extension): boolean =>
    (extension.family ?? family) === family &&
    options.some((spec) => [spec.name, ...(spec.aliases ?? [])].includes(long))
  const targets = TARGETS.filter(owns).map(({ name }) => `-j ${name}`)
  const matches = MATCHES.filter(owns)
  const protocols = matches.filter((match) => match.protocols?.length === 1).map(({ name }) => `-p ${name}`)
  const others = matches.filter((match) => match.protocols?.length !== 1).map(({ name }) => `-m ${name}`)
  const owners = [...protocols, ...others, ...targets]
  const usual = owners.includes('-p tcp') ? '-p tcp' : owners[0]
  if (owners.length > NAMED_MAX) return `it needs what it belongs to before it, as ${usual}`
  if (owners.length > 0) return `it needs ${owners.join(' or ')} before it`
  const last = loaded.at(-1)
  if (!last || last.options.length === 0) return 'nothing has such an option; take it away'
  return `${last.name} has ${last.options.map(({ name }) => `--${name}`).join(', ')}`
}
