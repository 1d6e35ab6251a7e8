import { count, counted } from '../netfilter/count-text.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'
import { cut, printable, WIDTH } from './text.ts'

/** Most ranges in a list of lines; further lines are counted. */
const RANGES_MAX = 8

/** `FORWARD rule 39` or `FORWARD policy`, with the table where it is not filter. */
export function ruleName(rule: Pick<RuleInfo, 'table' | 'chain' | 'number' | 'text'>): string {
  const place = rule.text.startsWith(':') ? `${rule.chain} policy` : `${rule.chain} rule ${rule.number}`
  return printable(rule.table === 'filter' ? place : `${rule.table} ${place}`)
}

/** The same, with the family of IPv6 rules: `IPv6 FORWARD rule 39`. */
export function ruleNameWithFamily(rule: RuleInfo): string {
  return rule.family === 'ipv6' ? `IPv6 ${ruleName(rule)}` : ruleName(rule)
}

/** The place and the text of a rule on one line; the text is cut where necessary, never the place. */
export function placedText(place: string, text: string, indent: number): string[] {
  const blanks = ' '.repeat(indent)
  const head = `${printable(place)}: `
  const room = WIDTH - indent - head.length
  if (room < 24) return [`${blanks}${head.trimEnd()}`, `${blanks}${cut(printable(text), WIDTH - indent)}`]
  return [`${blanks}${head}${cut(printable(text), room)}`]
}

/** Line and text of a rule, below its name. Only the line number: the file is clear from the family. */
export function ruleText(rule: RuleInfo): string[] {
  return placedText(`line ${rule.line}`, rule.text, 4)
}

/**
 * `line 3`, `lines 3, 5, 7-12 and 40 more`: consecutive lines become a range.
 * @param given in any order; one line may have become several rules
 */
export function lineList(given: readonly number[], most = RANGES_MAX): string {
  const lines = [...new Set(given)].sort((one, other) => one - other)
  const ranges: { low: number; high: number }[] = []
  for (const line of lines) {
    const last = ranges.at(-1)
    if (line - 1 === last?.high) last.high = line
    else ranges.push({ low: line, high: line })
  }
  const shown = ranges.slice(0, most)
  const end = shown.at(-1)?.high ?? 0
  const rest = lines.filter((line) => line > end).length
  const texts = shown.map(({ low, high }) => (low === high ? `${low}` : `${low}-${high}`))
  return `${lines.length === 1 ? 'line' : 'lines'} ${texts.join(', ')}${rest > 0 ? ` and ${count(rest)} more` : ''}`
}

/** `  … and 3 more rules`, or nothing. */
export function more(n: number, one: string, many: string): string[] {
  return n > 0 ? [`  … and ${counted(n, one, many)}`] : []
}
