import { REASON_CHECKSUM, reasonText, reasonTitle } from '../conntrack/reasons.ts'
import { count, counted, firstOf } from '../netfilter/count-text.ts'
import { NAMES_SHOWN } from '../netfilter/named-interfaces.ts'
import type { ReplaySummary } from '../netfilter/replay.ts'
import { verdictsOf } from '../ruleset/packet/rule-packet.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'
import { addressText } from '../wire/address.ts'
import { type BlockedConversation, CONVERSATIONS_MAX, UNKNOWN_PROTOCOL } from './blocked-conversations.ts'
import { dependenceLines } from './dependence.ts'
import { linkTypeName } from './link-type-names.ts'
import { problemSentences } from './problems.ts'
import { reportedProtocol } from './protocol-names.ts'
import { lineList, more, ruleNameWithFamily, ruleText } from './rule-names.ts'
import { notesText, statesTable, verdictsTable } from './summary-tables.ts'
import { byteSize, duration, type Paint, PLAIN, printable, table, utc, wrap } from './text.ts'
import type { DropCount, ReasonCount, TrafficCounters } from './traffic-counters.ts'
import { TRANSPORT_ICMP, TRANSPORT_PORTS } from './transport-kind.ts'

/** Entries of a list that a summary shows; the rest is counted. */
const LIST_MAX = 10
/** The same of connections, which take two lines each. */
const CONNECTIONS_MAX = 5
/** Targets that drop no packet, though their rules may (hotdrop). */
const PASSING_TARGETS: ReadonlySet<string> = new Set(['', 'ACCEPT', 'RETURN', 'CT', 'NOTRACK', 'LOG', 'NFLOG', 'MARK'])

export interface SummaryOptions {
  readonly paint?: Paint
  /** The user stopped the replay, so that the summary is about a part of the capture. */
  readonly interrupted?: boolean
  /** Lists at full length, and the rules that matched nothing. */
  readonly verbose?: boolean
  /** Options of the command that the results depend on: `--nat ignore`, … */
  readonly given?: readonly string[]
  /** Further warnings, listed after those of the replay. */
  readonly warnings?: readonly string[]
  /** What besides the rules keeps threads from sharing the tracking, as clauses. */
  readonly obstacles?: readonly string[]
}

/** The summary for people: plain text of at most 80 columns, except for words that cannot be broken. */
export function summaryText(summary: ReplaySummary, traffic: TrafficCounters, options: SummaryOptions = {}): string {
  const paint = options.paint ?? PLAIN
  const verbose = options.verbose === true
  const most = verbose ? Number.POSITIVE_INFINITY : LIST_MAX
  const withRules = summary.ruleset4 !== null || summary.ruleset6 !== null
  const sections: Section[] = [
    { title: 'Capture', lines: captureLines(summary, traffic, options.interrupted === true, most) },
    { title: 'Damage in the capture', style: 'red', lines: problemLines(summary, most) },
    { title: 'Options', lines: optionLines(options.given ?? []) },
    { title: 'Assumed', lines: summary.assumptions.flatMap((sentence) => wrap(printable(sentence), 2, 2)) },
    {
      title: 'Warnings',
      style: 'yellow',
      lines: warningLines([...summary.warnings, ...(options.warnings ?? [])], most),
    },
    { title: `Verdicts of the ${machineName(summary)}`, lines: withRules ? tableLines(verdictsTable(traffic)) : [] },
    { title: 'Dropped by these rules', style: 'red', lines: dropLines(traffic, most) },
    {
      title: 'Conversations that lost packets, most lost first',
      style: 'red',
      lines: conversationLines(traffic, verbose ? most : CONNECTIONS_MAX),
    },
    { title: 'Undecided', style: 'yellow', lines: undecidedLines(summary, traffic, most) },
    { title: 'Address translation', lines: natLines(summary, most) },
    { title: 'Rules without a packet', lines: unmatchedLines(summary, traffic, verbose) },
    {
      title: 'Whether connections depend on each other',
      lines: verbose ? dependenceLines([summary.ruleset4, summary.ruleset6], options.obstacles) : [],
    },
    { title: 'States', lines: tableLines(statesTable(traffic)) },
    { title: 'Why packets are INVALID', lines: [...reasonLines(traffic.invalid), ...ownAnswerLines(traffic)] },
    { title: 'Ignored by the tracker (state kept)', lines: reasonLines(traffic.ignored) },
    { title: 'Frames without a state or not routed', lines: notesText(traffic).flatMap((line) => wrap(line, 2, 2)) },
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

function captureLines(summary: ReplaySummary, traffic: TrafficCounters, interrupted: boolean, most: number): string[] {
  const lines = summary.files.slice(0, most).flatMap((file) => {
    const frames = summary.files.length > 1 ? `, ${counted(file.frames, 'frame')}` : ''
    return wrap(`${printable(file.path)}: ${file.format}${frames}`, 2, 2)
  })
  lines.push(...more(summary.files.length - most, 'more capture', 'more captures'))
  const types = [...traffic.linkTypes].sort((a, b) => b[1] - a[1])
  const links = types.map(([type, frames]) => linkTypeName(type) + (types.length > 1 ? ` (${count(frames)})` : ''))
  lines.push(...wrap([counted(traffic.frameCount, 'frame'), byteSize(traffic.bytes), ...links].join(', '), 2, 2))
  const { first, last } = traffic
  if (last.seconds >= first.seconds) {
    const span = last.seconds - first.seconds + (last.nanoseconds - first.nanoseconds) / 1e9
    const to = utc(last.seconds)
    const sameDay = to.slice(0, 10) === utc(first.seconds).slice(0, 10)
    lines.push(`  ${utc(first.seconds)} to ${sameDay ? to.slice(11) : to} UTC, ${duration(span)}`)
  } else if (traffic.frameCount > 0) lines.push('  No frame has a time.')
  if (interrupted) lines.push('  Interrupted: what follows is about the frames read until then.')
  return lines
}

/** An option and its value stay on one line. */
function optionLines(given: readonly string[]): string[] {
  return given.length === 0 ? [] : wrap(given.map((one) => printable(one).replace(' ', '\u00a0')).join(' '), 2, 2)
}

function machineName({ mode, local }: ReplaySummary): string {
  if (mode === 'router') return 'router'
  const shown = local.slice(0, 2).join(' and ')
  return `host ${shown}${local.length > 2 ? ' …' : ''}`
}

function problemLines(summary: ReplaySummary, most: number): string[] {
  const shown = problemSentences(summary).slice(0, most)
  const lines = shown.flatMap((sentence) => wrap(sentence, 2, 2))
  return [...lines, ...more(summary.problems.length - most, 'more place', 'more places')]
}

function warningLines(warnings: readonly string[], most: number): string[] {
  const shown = warnings.slice(0, most).flatMap((one) => wrap(printable(one), 2, 2))
  return [...shown, ...more(warnings.length - most, 'more warning', 'more warnings')]
}

function dropLines(traffic: TrafficCounters, most: number): string[] {
  const drops = [...traffic.drops.values()].sort((a, b) => b.packets - a.packets || a.firstFrame - b.firstFrame)
  return [
    ...drops.slice(0, most).flatMap((drop) => dropLine(drop, traffic)),
    ...more(drops.length - most, 'more rule', 'more rules'),
  ]
}

function dropLine(drop: DropCount, traffic: TrafficCounters): string[] {
  const amounts = [counted(drop.packets, 'packet'), byteSize(drop.bytes)]
  if (drop.conversations > 0) amounts.push(counted(drop.conversations, 'conversation'))
  const { rule, resting } = drop
  if (rule === null) {
    return [
      `  the tracker itself: ${amounts.join(', ')}`,
      ...reasonLines(traffic.trackerDrops).map((line) => `  ${line}`),
    ]
  }
  if (resting > 0) {
    const which = resting === drop.packets ? 'all' : `${count(resting)} of them`
    amounts.push(`${which} only if an undecided packet has passed`)
  }
  const damaged = 'Linux drops a packet at once if a rule asks for what its cut or damaged header does not have.'
  return [
    ...wrap(`${ruleNameWithFamily(rule)}: ${amounts.join(', ')}`, 2, 2),
    ...ruleText(rule),
    ...(PASSING_TARGETS.has(rule.target) && !rule.text.startsWith(':') ? wrap(damaged, 4, 2) : []),
  ]
}

/** Rules of the nat table see one packet of each connection, so their packets are counted as connections. */
function natLines(summary: ReplaySummary, most: number): string[] {
  const bound = [summary.ruleset4, summary.ruleset6].flatMap((ruleset) =>
    ruleset === null
      ? []
      : ruleset.rules.flatMap((rule) =>
          rule.nat !== null && ruleset.packets(rule.id) > 0 ? [{ rule, connections: ruleset.packets(rule.id) }] : [],
        ),
  )
  if (bound.length === 0) return []
  const shown = bound
    .sort((a, b) => b.connections - a.connections)
    .slice(0, most)
    .flatMap(({ rule, connections }) => [
      `  ${ruleNameWithFamily(rule)}: ${counted(connections, 'connection')}`,
      ...ruleText(rule),
    ])
  const hint =
    'Replies are known by the translated addresses. If the capture shows them untranslated, as on the inner side, they ' +
    'belong to no connection here: then replay with --nat ignore.'
  return [...shown, ...more(bound.length - most, 'more rule', 'more rules'), ...wrap(hint, 2, 2)]
}

/**
 * Rules that matched no packet. Rules that could not be decided for some packet are not listed, since they may have
 * matched; what such packets met afterwards is not counted. Chains in which no rule matched are named as a whole, since
 * mostly no packet reached them.
 */
function unmatchedLines(summary: ReplaySummary, traffic: TrafficCounters, verbose: boolean): string[] {
  const undecided = new Set(traffic.undecided.map(({ rule }) => rule))
  return [summary.ruleset4, summary.ruleset6].flatMap((ruleset) => {
    const own = traffic.undecided.filter(({ rule }) => rule?.family === ruleset?.family)
    const packets = own.reduce((sum, one) => sum + one.packets, own.length === 0 ? 0 : traffic.undecidedOthers)
    const open = packets === 0 ? '' : `; ${counted(packets, 'undecided packet')} may have matched some of them`
    const rules = ruleset?.rules.filter((rule) => !rule.text.startsWith(':')) ?? []
    const unmatched = rules.filter((rule) => ruleset?.packets(rule.id) === 0 && !undecided.has(rule))
    if (unmatched.length === 0) return []
    const amount =
      unmatched.length < rules.length ? `${count(unmatched.length)} of ` : rules.length > 1 ? 'all ' : 'the '
    const head = `${amount}${counted(rules.length, 'rule')} of ${printable(rules[0].file)}`
    if (!verbose) return wrap(`${head} (--verbose lists them)${open}`, 2, 2)
    const bases = new Set(ruleset?.rules.filter((rule) => rule.text.startsWith(':')).map(chainOf))
    const all = linesByChain(rules)
    const missed = linesByChain(unmatched)
    const whole = [...missed].filter(([chain, lines]) => !bases.has(chain) && lines.length === all.get(chain)?.length)
    const wholeNames = new Set(whole.map(([chain]) => chain))
    const single = unmatched.filter((rule) => !wholeNames.has(chainOf(rule)))
    return [
      ...wrap(`${head}${open}`, 2, 2),
      ...single.flatMap(ruleText),
      ...(whole.length === 0 ? [] : ['    and all rules of these chains']),
      ...whole.flatMap(([chain, lines]) => wrap(`${printable(chain)} (${lineList(lines)})`, 6, 2)),
    ]
  })
}

function chainOf({ table, chain }: RuleInfo): string {
  return table === 'filter' ? chain : `${table} ${chain}`
}

/** Line numbers by chain, in ascending order. */
function linesByChain(rules: readonly RuleInfo[]): Map<string, number[]> {
  const chains = new Map<string, number[]>()
  for (const rule of rules.toSorted((one, other) => one.line - other.line)) {
    const lines = chains.get(chainOf(rule))
    if (lines === undefined) chains.set(chainOf(rule), [rule.line])
    else lines.push(rule.line)
  }
  return chains
}

function conversationLines(traffic: TrafficCounters, most: number): string[] {
  const { blocked } = traffic
  if (blocked === null) return []
  const lines = blocked.largest(most).flatMap(conversationLine)
  lines.push(...more(blocked.count - most, 'more conversation', 'more conversations'))
  if (blocked.overflowPackets > 0) {
    lines.push(
      ...wrap(
        `Only the first ${count(CONVERSATIONS_MAX)} were distinguished; ${counted(blocked.overflowPackets, 'dropped packet')} ` +
          'belong to others.',
        2,
      ),
    )
  }
  return lines
}

function conversationLine(one: BlockedConversation): string[] {
  const where = one.rule === null ? 'the tracker' : ruleNameWithFamily(one.rule)
  const first = `frame\u00a0${one.firstFrame}${one.inMidStream ? ', no SYN' : ''}`
  const others = [
    one.accepted === 0 ? [] : `${count(one.accepted)} passed`,
    one.undecided === 0 ? [] : `${count(one.undecided)} undecided`,
  ].flat()
  const head = one.fromTheStart
    ? `${others.length === 0 ? 'blocked at' : 'lost'} the first packet of a connection (${first}) by ${where}`
    : one.dropped === 1
      ? `1 packet dropped (${first}) by ${where}`
      : `${counted(one.dropped, 'packet')} dropped from ${first} on, first by ${where}`
  const later = one.fromTheStart && one.dropped > 1 ? [`${count(one.dropped - 1)} more dropped`, ...others] : others
  const story = later.length === 0 ? head : `${head}; since then ${later.join(', ')}`
  return wrap(`${conversationName(one)}: ${story}`, 2, 2)
}

function conversationName(one: BlockedConversation): string {
  const protocol = one.protocol === UNKNOWN_PROTOCOL ? 'no transport header' : reportedProtocol(one.protocol)
  const end = (words: Int32Array, port: number): string => {
    const address = addressText(words, 0, one.family)
    if (one.transport !== TRANSPORT_PORTS) return address
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  }
  const ends = `${end(one.source, one.sourcePort)} > ${end(one.destination, one.destinationPort)} ${protocol}`
  return one.transport === TRANSPORT_ICMP && one.identifier >= 0 ? `${ends} id ${one.identifier}` : ends
}

function undecidedLines(summary: ReplaySummary, traffic: TrafficCounters, most: number): string[] {
  const groups = [...traffic.undecided].sort((a, b) => b.packets - a.packets || a.firstFrame - b.firstFrame)
  const lines = groups.slice(0, most).flatMap((one) => {
    const possible = verdictsOf(one.possible).join(' or ')
    const where = one.rule === null ? 'no rule' : ruleNameWithFamily(one.rule)
    const what = `${where}: ${counted(one.packets, 'packet')}, first frame ${one.firstFrame}: ${possible}`
    const why = one.missing === null ? [] : wrap(printable(one.missing), 4, 2)
    return [...wrap(what, 2, 2), ...(one.rule === null ? [] : ruleText(one.rule)), ...why]
  })
  lines.push(...more(groups.length - most, 'more rule', 'more rules'))
  if (groups.some(({ missing }) => missing?.includes('--iface'))) lines.push(...interfaceHint(summary))
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

/** An example of `--iface` for interfaces that were not named. */
function interfaceHint({ interfacesNotGiven }: ReplaySummary): string[] {
  if (interfacesNotGiven.length === 0) return []
  const names = interfacesNotGiven.map(printable)
  const [first, second] = new Set(names.map((name) => name.replace('+', '0')))
  const option = (name: string, network: string): string => `--iface\u00a0${name}=${network}`
  const example =
    second === undefined ? option(first, '0.0.0.0/0') : `${option(first, '10.0.0.0/8')} ${option(second, '0.0.0.0/0')}`
  const which = names.length === 1 ? 'interface' : 'interfaces'
  const behind = names.length === 1 ? 'it' : 'each'
  return wrap(
    `The rules name the ${which} ${firstOf(names, NAMES_SHOWN)}: say which networks are behind ${behind}, like ${example}.`,
    2,
    2,
  )
}

/** Nothing for a table that has only a head. */
function tableLines(rows: string[][]): string[] {
  return rows.length > 1 ? table(rows, 2) : []
}

function reasonLines(counts: readonly (ReasonCount | undefined)[]): string[] {
  const present = counts.filter((one) => one !== undefined).sort((a, b) => b.packets - a.packets || a.frame - b.frame)
  return present.flatMap((one) => {
    const title = reasonTitle(one.code) ?? `reason ${one.code}`
    const text = reasonText(one.code, one.a, one.b, one.boundFrame) ?? title
    const first = one.packets === 1 ? `frame ${one.frame}` : `first frame ${one.frame}`
    const hint = one.code === REASON_CHECKSUM ? ' (--checksum ignore leaves checksums out)' : ''
    const more = text === title ? '' : `: ${text}${hint}`
    return [`  ${counted(one.packets, 'packet')}: ${title}`, ...wrap(`${first}${more}`, 4, 2)]
  })
}

/** The states are those of packets as a program would send them; what the kernel itself sends is RELATED. */
function ownAnswerLines(traffic: TrafficCounters): string[] {
  const { ownAnswers } = traffic
  if (ownAnswers === null || ownAnswers.packets === 0) return []
  const { packets, firstFrame } = ownAnswers
  const among = `Of ${counted(traffic.invalidPackets, 'INVALID packet')}, ${count(packets)}`
  const which =
    packets === 1
      ? `${among} (frame ${firstFrame}) answers a packet that was`
      : `${among} (first frame ${firstFrame}) answer packets that were`
  const sentence = `${which} rejected or not routed. If the machine itself sent ${packets === 1 ? 'it, it was' : 'them, they were'} RELATED, and not dropped as INVALID.`
  return wrap(sentence, 2, 2)
}
