import { reasonText, reasonTitle } from '../conntrack/reasons.ts'
import type { ReplaySummary } from '../netfilter/replay.ts'
import { VERDICT_NAMES } from '../ruleset/rule-packet.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'
import { addressText } from '../wire/address.ts'
import { type BlockedConversation, CONVERSATIONS_MAX } from './blocked-conversations.ts'
import { linkTypeName } from './link-type-names.ts'
import { protocolName } from './protocol-names.ts'
import { notesText, statesTable, verdictsTable } from './summary-tables.ts'
import {
  byteSize,
  count,
  counted,
  cut,
  duration,
  type Paint,
  PLAIN,
  printable,
  table,
  utc,
  WIDTH,
  wrap,
} from './text.ts'
import type { DropCount, ReasonCount, TrafficCounters } from './traffic-counters.ts'
import { TRANSPORT_ICMP, TRANSPORT_PORTS } from './transport-key.ts'

/** Entries of a list that a summary shows; the rest is counted. */
const LIST_MAX = 10

export interface SummaryOptions {
  readonly paint?: Paint
  /** The user stopped the replay: what follows is about a part of the capture. */
  readonly interrupted?: boolean
}

/** The report that a person reads: plain text of at most 80 columns, save words that cannot be broken. */
export function summaryText(summary: ReplaySummary, traffic: TrafficCounters, options: SummaryOptions = {}): string {
  const paint = options.paint ?? PLAIN
  const withRules = summary.ruleset4 !== null || summary.ruleset6 !== null
  const sections: Section[] = [
    { title: 'Capture', lines: captureLines(summary, traffic, options.interrupted === true) },
    { title: 'Damage in the capture', style: 'red', lines: problemLines(summary) },
    { title: 'Assumed', lines: summary.assumptions.flatMap((sentence) => wrap(printable(sentence), 2, 2)) },
    { title: 'Warnings', style: 'yellow', lines: summary.warnings.flatMap((one) => wrap(printable(one), 2, 2)) },
    { title: 'Verdicts', lines: withRules ? table(verdictsTable(traffic), 2) : [] },
    { title: 'Dropped by', style: 'red', lines: dropLines(traffic) },
    { title: 'Hit hardest', style: 'red', lines: conversationLines(traffic) },
    { title: 'Undecided', style: 'yellow', lines: undecidedLines(traffic) },
    { title: 'States', lines: stateLines(traffic) },
    { title: 'INVALID', lines: reasonLines(traffic.invalid) },
    { title: 'Without notice of the tracker (label kept)', lines: reasonLines(traffic.ignored) },
    { title: 'Without a label or not routed', lines: notesText(traffic).flatMap((line) => wrap(line, 2, 2)) },
  ]
  const parts = sections.filter((section) => section.lines.length > 0)
  return `${parts.map(({ title, style, lines }) => [heading(paint, title, style), ...lines].join('\n')).join('\n\n')}\n`
}

interface Section {
  readonly title: string
  readonly style?: 'red' | 'yellow'
  readonly lines: readonly string[]
}

function heading(paint: Paint, title: string, style: 'red' | 'yellow' | undefined): string {
  return paint('bold', style === undefined ? title : paint(style, title))
}

function captureLines(summary: ReplaySummary, traffic: TrafficCounters, interrupted: boolean): string[] {
  const lines = summary.files.flatMap((file) => {
    const frames = summary.files.length > 1 ? `, ${counted(file.frames, 'frame')}` : ''
    return wrap(`${printable(file.path)}: ${file.format}${frames}`, 2, 2)
  })
  const types = [...traffic.linkTypes].sort((a, b) => b[1] - a[1])
  const links = types.map(([type, frames]) => linkTypeName(type) + (types.length > 1 ? ` (${count(frames)})` : ''))
  lines.push(...wrap([counted(traffic.frames, 'frame'), byteSize(traffic.bytes), ...links].join(', '), 2, 2))
  if (traffic.frames > 0) {
    const { first, last } = traffic
    const span = last.seconds - first.seconds + (last.nanoseconds - first.nanoseconds) / 1e9
    const to = utc(last.seconds)
    const sameDay = to.slice(0, 10) === utc(first.seconds).slice(0, 10)
    lines.push(`  ${utc(first.seconds)} to ${sameDay ? to.slice(11) : to} UTC, ${duration(span)}`)
  }
  if (interrupted) lines.push('  Interrupted: what follows is about the frames read until then.')
  return lines
}

function problemLines(summary: ReplaySummary): string[] {
  const shown = summary.problems.slice(0, LIST_MAX).flatMap((problem) => {
    const behind = problem.afterFrame > 0 ? `behind frame ${count(problem.afterFrame)}` : 'before the first frame'
    const end = problem.fatal ? '; reading ended here' : ''
    const where = `${printable(problem.file)}, byte ${count(problem.byteOffset)}, ${behind}`
    return wrap(`${where}: ${printable(problem.message)}${end}`, 2, 2)
  })
  return [...shown, ...more(summary.problems.length - LIST_MAX, 'more place', 'more places')]
}

function dropLines(traffic: TrafficCounters): string[] {
  const drops = [...traffic.drops.values()].sort((a, b) => b.packets - a.packets || a.firstFrame - b.firstFrame)
  return [...drops.slice(0, LIST_MAX).flatMap(dropLine), ...more(drops.length - LIST_MAX, 'more rule', 'more rules')]
}

function dropLine(drop: DropCount): string[] {
  const amounts = [counted(drop.packets, 'packet'), byteSize(drop.bytes)]
  if (drop.conversations > 0) amounts.push(counted(drop.conversations, 'connection'))
  if (drop.rule === null) return [`  the tracker itself: ${amounts.join(', ')}`]
  return [`  ${ruleName(drop.rule)}: ${amounts.join(', ')}`, ...ruleText(drop.rule)]
}

/** `FORWARD:3` or `FORWARD policy`, with the table where it is not filter. (The record calls more than policies a policy.) */
function ruleName(rule: RuleInfo): string {
  const place = rule.text.startsWith(':') ? `${rule.chain} policy` : `${rule.chain}:${rule.number}`
  return printable(rule.table === 'filter' ? place : `${rule.table}:${place}`)
}

/** Where the rule stands and what it says, on one line; its end is cut, never its place. */
function ruleText(rule: RuleInfo): string[] {
  const place = `${printable(rule.file)}:${rule.line}: `
  const room = WIDTH - 4 - place.length
  const text = printable(rule.text)
  if (room < 24) return [`    ${place.trimEnd()}`, `    ${cut(text, WIDTH - 4)}`]
  return [`    ${place}${cut(text, room)}`]
}

function conversationLines(traffic: TrafficCounters): string[] {
  const { blocked } = traffic
  if (blocked === null) return []
  const lines = blocked.largest(LIST_MAX).flatMap(conversationLine)
  lines.push(...more(blocked.count - LIST_MAX, 'more connection', 'more connections'))
  if (blocked.overflowPackets > 0) {
    lines.push(
      ...wrap(
        `Only the first ${count(CONVERSATIONS_MAX)} were told apart; ${counted(blocked.overflowPackets, 'dropped packet')} ` +
          'belong to others.',
        2,
      ),
    )
  }
  return lines
}

function conversationLine(one: BlockedConversation): string[] {
  const where = one.rule === null ? 'the tracker' : ruleName(one.rule)
  const first = `frame\u00a0${one.firstFrame}`
  const rest = one.dropped - 1 + one.passed
  const story = one.fromTheStart
    ? `blocked at its first packet (${first}) by ${where}${
        rest === 0 ? '' : `; ${counted(rest, 'more packet')} of the capture ${rest === 1 ? 'belongs' : 'belong'} to it`
      }`
    : `${counted(one.dropped, 'packet')} dropped from ${first} on, first by ${where}${
        one.passed === 0 ? '' : `; ${counted(one.passed, 'other')} since then passed`
      }`
  return wrap(`${conversationName(one)}: ${story}`, 2, 2)
}

function conversationName(one: BlockedConversation): string {
  const protocol = one.protocol === 255 ? 'no transport header' : protocolName(one.protocol)
  const end = (words: Int32Array, port: number): string => {
    const address = addressText(words, 0, one.family)
    if (one.transport !== TRANSPORT_PORTS) return address
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  }
  const ends = `${end(one.source, one.sourcePort)} > ${end(one.destination, one.destinationPort)} ${protocol}`
  return one.transport === TRANSPORT_ICMP && one.identifier >= 0 ? `${ends} id ${one.identifier}` : ends
}

function undecidedLines(traffic: TrafficCounters): string[] {
  const groups = [...traffic.undecided].sort((a, b) => b.packets - a.packets || a.firstFrame - b.firstFrame)
  const lines = groups.slice(0, LIST_MAX).flatMap((one) => {
    const possible = VERDICT_NAMES.filter((name, code) => name !== null && one.possible & (1 << code)).join(' or ')
    const where = one.rule === null ? 'no rule' : ruleName(one.rule)
    const what = `${where}: ${counted(one.packets, 'packet')}, first frame ${one.firstFrame}: ${possible}`
    const why = one.missing === null ? [] : wrap(printable(one.missing), 4, 2)
    return [...wrap(what, 2, 2), ...(one.rule === null ? [] : ruleText(one.rule)), ...why]
  })
  lines.push(...more(groups.length - LIST_MAX, 'more rule', 'more rules'))
  if (traffic.undecidedOthers > 0) lines.push(`  ${counted(traffic.undecidedOthers, 'packet')} by other rules`)
  if (traffic.resting > 0) {
    const rest =
      traffic.resting === 1
        ? 'The label of 1 other packet rests'
        : `The labels of ${count(traffic.resting)} packets rest`
    lines.push(...wrap(`${rest} on an undecided packet having passed.`, 2, 2))
  }
  return lines
}

function stateLines(traffic: TrafficCounters): string[] {
  const rows = statesTable(traffic)
  return rows.length > 1 ? table(rows, 2) : []
}

function reasonLines(counts: readonly (ReasonCount | undefined)[]): string[] {
  const present = counts.filter((one) => one !== undefined).sort((a, b) => b.packets - a.packets || a.frame - b.frame)
  return present.flatMap((one) => {
    const title = reasonTitle(one.code) ?? `reason ${one.code}`
    const text = reasonText(one.code, one.a, one.b, one.boundFrame) ?? title
    const first = one.packets === 1 ? `frame ${one.frame}` : `first frame ${one.frame}`
    const more = text === title ? '' : `: ${text}`
    return [`  ${counted(one.packets, 'packet')}: ${title}`, ...wrap(`${first}${more}`, 4, 2)]
  })
}

function more(n: number, one: string, many: string): string[] {
  return n > 0 ? [`  … and ${counted(n, one, many)}`] : []
}
