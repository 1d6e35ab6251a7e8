import type { ParsedRuleset } from '../ruleset/index.ts'
import type { Chain } from '../ruleset/rule.ts'
import { counted, firstOf } from './count-text.ts'
import { NAMES_SHOWN, type NamedInterfaces } from './named-interfaces.ts'

/** A router has this many times as many rules for what it forwards as for what it receives and sends itself. */
const FAR_MORE = 2
/** Hosts have others, too: REDIRECT for what they send. */
const ROUTERS_TARGETS: readonly string[] = ['SNAT', 'DNAT', 'MASQUERADE', 'NETMAP']

type Given = readonly ParsedRuleset[]

/** Where the machine is taken for a router, but its rules are those of a host: a sentence that says so. */
export function hintOfHost(given: Given): string[] {
  if (given.length === 0 || !given.every(isForHost)) return []
  return [
    'Yet they look like those of a host: the filter table has rules for INPUT or OUTPUT, none for FORWARD. If it was one, ' +
      'these are not its verdicts: name its addresses with --local.',
  ]
}

/** The opposite case. Interfaces that the user names tell, too. */
export function hintOfRouter(given: Given, { interfaces }: NamedInterfaces): string[] {
  if (given.length > 0 && given.every(isForHost)) return []
  const signs = signsOfRouter(given)
  const names = [...new Set(interfaces.map(({ name }) => name))].filter((name) => name !== 'lo')
  const subject = signs.length > 0 ? 'they' : 'the options'
  if (names.length > 1) signs.push(`--iface names ${firstOf(names, NAMES_SHOWN)}`)
  if (signs.length === 0) return []
  return [
    `Yet ${subject} look like those of a router: ${signs.join(', ')}. If it was one, give --mode router and its --local addresses.`,
  ]
}

function signsOfRouter(given: Given): string[] {
  const rulesFor = (chain: string): number => given.reduce((sum, ruleset) => sum + rulesFrom(ruleset, chain), 0)
  const forwarding = rulesFor('FORWARD')
  if (forwarding < FAR_MORE * (rulesFor('INPUT') + rulesFor('OUTPUT'))) return []
  const signs: string[] = []
  if (forwarding > 0) signs.push(`FORWARD has ${counted(forwarding, 'rule')}`)
  const nat = given.flatMap((ruleset) => chainsOf(ruleset, 'nat')).flatMap(({ rules }) => rules)
  const targets = new Set(nat.map(({ target }) => target?.name ?? ''))
  const translating = ROUTERS_TARGETS.filter((name) => targets.has(name))
  if (translating.length > 0) signs.push(`nat has ${translating.join(' and ')}`)
  return signs
}

/** Whether the filter table has rules only for packets that the machine itself receives or sends. */
function isForHost(ruleset: ParsedRuleset): boolean {
  const rulesFor = (chain: string): number => rulesFrom(ruleset, chain)
  return rulesFor('FORWARD') === 0 && rulesFor('INPUT') + rulesFor('OUTPUT') > 0
}

/** Rules of a chain of the filter table and of those that it goes to. */
function rulesFrom(ruleset: ParsedRuleset, name: string): number {
  const chains = new Map(chainsOf(ruleset, 'filter').map((chain) => [chain.name, chain]))
  const reached = new Set([name])
  let rules = 0
  // What is added on the way is visited, too.
  for (const one of reached) {
    const chain = chains.get(one)
    if (chain === undefined) continue
    rules += chain.rules.length
    for (const { target } of chain.rules) if (target !== null) reached.add(target.name)
  }
  return rules
}

function chainsOf({ tables }: ParsedRuleset, name: string): readonly Chain[] {
  return tables.find((table) => table.name === name)?.chains ?? []
}
