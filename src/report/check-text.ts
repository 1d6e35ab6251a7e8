import { count, counted } from '../netfilter/count-text.ts'
import type { Decidability } from '../ruleset/review/decidability.ts'
import type { Mistake } from '../ruleset/review/mistakes.ts'
import type { Review } from '../ruleset/review/review.ts'
import type { ReviewedRule } from '../ruleset/review/reviewed-rules.ts'
import type { DeadRule } from '../ruleset/review/shadows.ts'
import { lineList, more, ruleName } from './rule-names.ts'
import { type Paint, printable, wrap } from './text.ts'

/** Entries of a list that the report shows; the rest is counted. */
const LIST_MAX = 20

/**
 * The report of `ctreplay check`, for people: plain text of at most 80 columns, except for words that cannot be broken.
 */
export function checkText(review: Review, paint: Paint): string {
  const { ruleset, mistakes, dead } = review
  const warnings = mistakes.filter(({ level }) => level === 'warning')
  const notes = mistakes.filter(({ level }) => level === 'note')
  const sections = [
    section(paint('bold', paint('yellow', 'Warnings')), [
      ...ruleset.warnings.flatMap((text) => wrap(printable(withoutFile(text, ruleset.file)), 2, 2)),
      ...warnings.flatMap(mistakeLines),
    ]),
    section(paint('bold', paint('yellow', 'Rules that never match')), deadLines(dead)),
    section(paint('bold', paint('yellow', 'Sets that were not given')), missingSetLines(review)),
    section(paint('bold', 'Notes'), notes.flatMap(mistakeLines)),
    section(paint('bold', 'Chains that no packet comes to'), unusedLines(review)),
    section(paint('bold', 'What a capture can decide'), decidabilityLines(review)),
  ]
  return [
    `${paint('bold', printable(ruleset.file))}\n  ${sizeOf(review)}\n`,
    ...sections.filter((one) => one !== ''),
  ].join('\n')
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${[title, ...lines].join('\n')}\n`
}

function sizeOf({ ruleset, rules }: Review): string {
  const chains = ruleset.tables.reduce((sum, table) => sum + table.chains.length, 0)
  const family = ruleset.family === 'ipv6' ? 'IPv6' : 'IPv4'
  return `${family}, ${counted(ruleset.tables.length, 'table')}, ${counted(chains, 'chain')}, ${counted(rules.length, 'rule')}`
}

/** Warnings of the parser without the name of the file, which stands in the heading already. */
function withoutFile(text: string, file: string): string {
  return text.startsWith(`${file}: `) ? text.slice(file.length + 2) : text
}

function mistakeLines({ text, rules }: Mistake): string[] {
  const shown = rules.slice(0, 3).flatMap((rule) => ruleLine(rule, 4))
  const rest = more(rules.length - 3, 'more such rule', 'more such rules').map((line) => `  ${line}`)
  return [...wrap(text, 2, 2), ...shown, ...rest]
}

function ruleLine({ rule }: ReviewedRule, indent: number): string[] {
  return wrap(printable(`line ${rule.line}: ${rule.text}`), indent, 2)
}

function nameOf({ table, chain, rule, number }: ReviewedRule): string {
  return ruleName({ table: table.name, chain: chain.name, number, text: rule.text })
}

/** Dead rules, grouped by the rule that takes their packets: one that takes everything may be followed by hundreds. */
function deadLines(dead: readonly DeadRule[]): string[] {
  const groups = new Map<string, DeadRule[]>()
  for (const one of dead) {
    const inTheWay = takersOf(one).map(({ table, chain, number }) => `${table.name} ${chain.name} ${number}`)
    const key = inTheWay.join()
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  const lines = [...groups.values()].slice(0, LIST_MAX).flatMap(deadGroup)
  return [...lines, ...more(groups.size - LIST_MAX, 'more group of rules', 'more groups of rules')]
}

function takersOf({ by, together }: DeadRule): readonly ReviewedRule[] {
  return by === null ? together : [by]
}

function deadGroup(group: readonly DeadRule[]): string[] {
  const [{ rule, byTakesAll }] = group
  const takers = takersOf(group[0])
  const one = group.length === 1
  const list = lineList(group.map((dead) => dead.rule.rule.line))
  const named = one ? `${list} (${nameOf(rule)})` : `${list} (${counted(group.length, 'rule')})`
  if (takers.length === 0) {
    const what = one ? 'what it asks contradicts itself' : 'what they ask contradicts itself'
    return [...wrap(`${named}: ${what}`, 2, 2), ...(one ? ruleLine(rule, 4) : [])]
  }
  const takes = byTakesAll ? 'every packet' : one ? 'all that it matches' : 'all that they match'
  const inTheWay = [...new Map(takers.map((by) => [by.rule.line, by])).values()]
  const together = inTheWay.length === 1 ? 'takes' : 'together take'
  const jumps = group[0].jumps.map((by) => by.rule.line)
  const through = jumps.length === 0 ? '' : ` (${lineList(jumps)} ${lead(jumps)} there)`
  return [
    ...wrap(`${named}: ${lineList(inTheWay.map((by) => by.rule.line))}${through} ${together} ${takes}`, 2, 2),
    ...inTheWay.slice(0, LIST_MAX).flatMap((by) => ruleLine(by, 4)),
    ...(one ? ruleLine(rule, 4) : []),
  ]
}

/** The verb after a list of these lines. */
function lead(lines: readonly number[]): string {
  return new Set(lines).size === 1 ? 'leads' : 'lead'
}

function missingSetLines({ missingSets }: Review): string[] {
  const lines = missingSets.slice(0, LIST_MAX).flatMap(({ name, rules }) => {
    const list = lineList(rules.map(({ rule }) => rule.line))
    return wrap(`${printable(name)}: ${list} (--ipset FILE, as ipset save prints it)`, 2, 2)
  })
  return [...lines, ...more(missingSets.length - LIST_MAX, 'more set', 'more sets')]
}

function unusedLines({ unused }: Review): string[] {
  const lines = unused.slice(0, LIST_MAX).flatMap(({ table, chain: { chain, callers } }) => {
    const name = printable(table === 'filter' ? chain.name : `${table} ${chain.name}`)
    const size = chain.rules.length === 0 ? 'empty' : counted(chain.rules.length, 'rule')
    const callerLines = callers.map(({ rule }) => rule.line)
    const why =
      callers.length === 0
        ? 'no rule leads there'
        : `only ${lineList(callerLines)}, out of reach, ${lead(callerLines)} there`
    return wrap(`${name} (line ${chain.line}, ${size}): ${why}`, 2, 2)
  })
  return [...lines, ...more(unused.length - LIST_MAX, 'more chain', 'more chains')]
}

function decidabilityLines({ rules, decidability }: Review): string[] {
  if (rules.length === 0) return []
  const groups = new Map<string, { how: Decidability; lines: number[] }>()
  for (const [rule, how] of decidability) {
    const key = needText(how, false)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { how, lines: [rule.rule.line] })
    else group.lines.push(rule.rule.line)
  }
  const isExact = ({ how }: { how: Decidability }): boolean => how.kind === 'exact'
  const exact = [...groups.values()].find(isExact)?.lines.length ?? 0
  const all = counted(rules.length, 'rule')
  const head = exact === rules.length ? `${exact === 1 ? 'the ' : 'all '}${all}` : `${count(exact)} of ${all}`
  const rest = [...groups.values()]
    .filter((group) => !isExact(group))
    .sort((a, b) => ORDER.indexOf(a.how.kind) - ORDER.indexOf(b.how.kind) || b.lines.length - a.lines.length)
  return [
    `  ${head} as ${rules.length === 1 ? 'it is' : 'they are'}`,
    ...rest.flatMap(({ how, lines }) => {
      return wrap(`${count(lines.length)} ${needText(how, lines.length === 1)}: ${lineList(lines)}`, 2, 2)
    }),
  ]
}

const ORDER: readonly Decidability['kind'][] = ['input', 'capture', 'never']

function needText({ kind, options }: Decidability, single: boolean): string {
  const isAssumption = (option: string): boolean => option.startsWith('--assume')
  const byName = options.includes('--iface') ? ['--in-iface', '--out-iface'] : []
  const given = options.filter((option) => !isAssumption(option) && !byName.includes(option)).join(', ')
  const assumed = options.filter(isAssumption).map((option) => `${option}=yes|no`.replace(' ', '\u00a0'))
  if (kind === 'exact') return ''
  const also = assumed.length === 0 ? '' : `, else ${assumed.join(', ')}`
  if (kind === 'input') return `${single ? 'needs' : 'need'} ${given}${also}`
  const dependence = single ? 'depends on what the capture has' : 'depend on what the capture has'
  if (kind === 'capture') return `${dependence}${also}`
  const settling = [given, assumed.join(', ')].filter((text) => text !== '').join(' and ')
  return `cannot be decided from any capture${settling === '' ? '' : `, only by ${settling}`}`
}
