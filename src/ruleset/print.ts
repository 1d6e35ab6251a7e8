import type { Chain, Counters, Negatable, ParsedRuleset, Rule } from './rule.ts'
import { printAddressMask } from './text/addresses.ts'
import { printProtocol } from './text/protocols.ts'

interface PrintOptions {
  /** Print `[packets:bytes]` before every rule, as `iptables-save -c`. */
  readonly counters?: boolean
}

/** The canonical form, as iptables-save prints it: the same rules always give the same text. */
export function printRuleset(ruleset: ParsedRuleset, options: PrintOptions = {}): string {
  const lines: string[] = []
  for (const table of ruleset.tables) {
    lines.push(`*${table.name}`)
    const chains = [...table.chains].sort(byName)
    for (const chain of chains) lines.push(`:${chain.name} ${chain.policy ?? '-'} ${printCounters(chain.counters)}`)
    for (const chain of chains) {
      for (const rule of chain.rules) {
        const counters = options.counters ? `${printCounters(rule.counters)} ` : ''
        const text = printRule(rule)
        lines.push(`${counters}-A ${chain.name}${text === '' ? '' : ` ${text}`}`)
      }
    }
    lines.push('COMMIT')
  }
  return lines.map((line) => `${line}\n`).join('')
}

function printCounters(counters: Counters | null): string {
  return `[${counters?.packets ?? 0}:${counters?.bytes ?? 0}]`
}

/** Base chains as they stand, then user chains by the bytes of their names. */
function byName(one: Chain, other: Chain): number {
  if (one.policy !== null || other.policy !== null) return Number(one.policy === null) - Number(other.policy === null)
  return Buffer.compare(Buffer.from(one.name), Buffer.from(other.name))
}

/**
 * The interface as it is printed: `+`, which matches every name, is left out, even where it is negated and no packet
 * can match.
 */
function printed(asked: Negatable<string> | null): Negatable<string> | null {
  return asked?.value === '+' ? null : asked
}

/** A rule without its chain. */
export function printRule(rule: Rule): string {
  const { header, matches, target } = rule
  const words: string[] = []
  const option = <Value>(name: string, asked: Negatable<Value> | null, print: (value: Value) => string): void => {
    if (!asked) return
    if (asked.negated) words.push('!')
    words.push(name)
    const text = print(asked.value)
    if (text !== '') words.push(text)
  }
  option('-s', header.source, printAddressMask)
  option('-d', header.destination, printAddressMask)
  option('-i', printed(header.inInterface), String)
  option('-o', printed(header.outInterface), String)
  option('-p', header.protocol, printProtocol)
  option('-f', header.fragment, () => '')
  for (const { name, match } of matches) {
    words.push('-m', name)
    const text = match.print()
    if (text !== '') words.push(text)
  }
  if (target) {
    words.push(target.target.action.kind === 'goto' ? '-g' : '-j', target.name)
    const text = target.target.print()
    if (text !== '') words.push(text)
  }
  return words.join(' ')
}
