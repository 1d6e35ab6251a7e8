import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Answer, answerOfKernel } from './answer.ts'
import { type CaptureSurvey, survey, uncompressed } from './captures.ts'
import { type ComparableOptions, comparableRules, likelyInterfaces } from './comparable-rules.ts'
import { type Comparison, compare } from './compare.ts'
import { type Counted, type CounterComparison, compareCounters, countedIn } from './counters.ts'
import { answersOfCtreplay, type PacketLine } from './ctreplay.ts'
import { unfairness } from './fair-counters.ts'
import type { AvailableOracle, OracleLine } from './kernel-oracle.ts'
import { NotComparable } from './not-comparable.ts'
import { writeRetimed } from './retimed.ts'
import { compareTables, connectionsOf, type TableComparison, type TableRow, tableOfKernel } from './table.ts'

/**
 * For tests that ask the kernel as a host: on a busy machine the oracle sometimes misses that a packet got to INPUT, other
 * packets each time. Such a pair is asked again; a difference that is ours stays.
 */
export const BUSY_KERNEL = { retry: 2 }

/** Frames of a capture that the kernel may be given a tick each, of 4 to 10 ms. */
const TICKS_AT_MOST = 6000

/** A router's own addresses, where rules ask for them; in no capture. */
const ROUTER_IN = ['198.18.249.1', '2001:db8:5afe::a:b1', 'fe80::249:a:b1']
const ROUTER_OUT = ['198.18.250.2', '2001:db8:5aff::c:d2', 'fe80::250:c:d2']

/** A host's own, besides those of the capture, likewise: REDIRECT of what goes to a link-local group asks for one. */
const HOST_LINK_LOCAL = 'fe80::251:e:f3'

/** One replay, to be done by both sides. */
export interface Pair {
  capture: string
  mode: 'router' | 'host'
  /** iptables-save and ip6tables-save files; none: labels only. */
  rules?: string
  rules6?: string
  /** Sets, as `ipset save` writes them. */
  ipset?: string
  /**
   * 'verify': checksums as captured, looked at by both sides. 'ignore': the oracle gets right IP header checksums and neither side
   * looks at the others; also the only way for packets that the snap length cut, which the oracle pads.
   */
  checksum: 'verify' | 'ignore'
  /** Host mode: the machine's addresses; the busiest of the capture when not given. */
  local?: readonly string[]
  /** Names of the two devices; chosen by the rules when not given. */
  interfaces?: { inInterface: string; outInterface: string }
  sysctls?: Readonly<Record<string, string>>
  /** The usual helpers on their usual ports. */
  helper?: 'auto'
  /**
   * Packets at their own times instead of all at once, for rules that follow the clock; ctreplay is then told the times at which
   * the kernel got them. Captures as `pcap()` of test/support writes them.
   */
  realTime?: true
}

export interface PairResult {
  comparison: Comparison
  /** What is left in the connection tables. */
  tables: TableComparison
  /** What rules and policies have counted. */
  counters: CounterComparison
  kernel: readonly Answer[]
  ours: readonly Answer[]
  packets: readonly PacketLine[]
  /** What was taken out of the rules on both sides, with how often. */
  changes: ReadonlyMap<string, number>
}

/** Replays a capture through the kernel and through ctreplay. Throws NotComparable when one side cannot take it. */
export async function runPair(oracle: AvailableOracle, pair: Pair): Promise<PairResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-pair-'))
  const plain = uncompressed(pair.capture)
  try {
    const measured = await survey(plain.path)
    refuseIncomparable(pair, measured)
    const changes = new Map<string, number>()
    const kept = pair.realTime ? { clock: true } : { connlimit: measured.frames <= TICKS_AT_MOST }
    const rules = comparableFile(pair.rules, join(folder, 'rules.v4'), kept, changes)
    const rules6 = comparableFile(pair.rules6, join(folder, 'rules.v6'), kept, changes)
    const texts = [rules, rules6].map((file) => file?.text ?? '').join('\n')
    const names = pair.interfaces ?? likelyInterfaces(texts)
    const needsAddress = / -j (?:MASQUERADE|REDIRECT)\b/.test(texts)
    const linkLocal = needsAddress && measured.local.some((address) => address.includes(':')) ? [HOST_LINK_LOCAL] : []
    const hostLocal = [...measured.local, ...linkLocal]
    const settled: SettledPair = {
      ...pair,
      capture: plain.path,
      local: pair.local ?? (pair.mode === 'host' ? hostLocal : needsAddress ? ROUTER_OUT : []),
      inLocal: pair.local === undefined && pair.mode === 'router' && needsAddress ? ROUTER_IN : [],
      ...(rules === null ? {} : { rules: rules.path }),
      ...(rules6 === null ? {} : { rules6: rules6.path }),
      inInterface: pair.mode === 'host' ? 'eth0' : names.inInterface,
      outInterface: pair.mode === 'host' ? 'eth0' : names.outInterface,
      cut: measured.cut > 0,
      ticks: / -m connlimit\b/.test(texts),
    }
    if (pair.mode === 'host' && settled.local.length === 0) throw new NotComparable('no unicast address in the capture')
    const kernel = await answersOfKernel(oracle, settled)
    const capture = pair.realTime ? join(folder, 'retimed.pcap') : plain.path
    if (pair.realTime) writeRetimed(capture, plain.path, kernel.lines)
    const ours = await answersOfCtreplay({ ...settled, capture })
    const { answers, packets } = ours
    const comparison = compare(kernel.answers, answers)
    const leftOut = new Set(comparison.notEqual.map((index) => packets[index]?.key ?? ''))
    // ctnetlink does not tell the zones of expectations, so that the oracle cannot let these expire by the capture's clock.
    const helped = pair.helper !== undefined || / --helper\b/.test(texts)
    const told = helped && / --zone(?:-orig|-reply)?\b/.test(texts) ? connectionsOf : (rows: TableRow[]) => rows
    const tables = compareTables(
      told(kernel.table),
      told(ours.table),
      leftOut,
      pair.realTime ? Number.POSITIVE_INFINITY : undefined,
    )
    const counters = compareCounters(
      kernel.counted,
      ours.counted,
      unfairness({ ...settled, ...ours, ...tables, rules: texts.trim() }, comparison),
    )
    return { comparison, tables, counters, kernel: kernel.answers, ours: answers, packets, changes }
  } finally {
    plain.dispose()
    rmSync(folder, { recursive: true })
  }
}

/** A pair with everything chosen that was left open. */
export interface SettledPair extends Omit<Pair, 'local' | 'interfaces'> {
  local: readonly string[]
  /** Router: addresses of the device that packets come in by; `local` are then those of the other. */
  inLocal?: readonly string[]
  inInterface: string
  outInterface: string
  cut: boolean
  /** The rules ask for what the kernel does once a tick: it shall tick before each packet. */
  ticks?: boolean
}

function refuseIncomparable(pair: Pair, measured: CaptureSurvey): void {
  if (measured.frames === 0) throw new NotComparable('no frames')
  // An unpadded cut packet is refused by the kernel's IP layer, and a padded one has no checksum to verify.
  if (pair.checksum === 'verify' && measured.cut > 0)
    throw new NotComparable('cut by the snap length: compared with --checksum ignore only')
}

function comparableFile(
  file: string | undefined,
  target: string,
  kept: ComparableOptions,
  changes: Map<string, number>,
): { path: string; text: string } | null {
  if (file === undefined) return null
  const comparable = comparableRules(readFileSync(file, 'utf8'), { ...kept, nat: true })
  for (const [name, count] of comparable.changes) changes.set(name, (changes.get(name) ?? 0) + count)
  writeFileSync(target, comparable.text)
  return { path: target, text: comparable.text }
}

interface KernelAnswers {
  lines: OracleLine[]
  answers: Answer[]
  table: TableRow[]
  counted: Counted[]
}

async function answersOfKernel(oracle: AvailableOracle, pair: SettledPair): Promise<KernelAnswers> {
  const options = pair.realTime ? ['--realtime-gaps', '10'] : ['--virtual-time']
  const sysctls = { ...pair.sysctls }
  if (pair.checksum === 'ignore') {
    options.push('--fix-checksums')
    // SCTP's sum, and those of fragments, are not repaired: nobody shall look at them.
    sysctls.nf_conntrack_checksum = '0'
  }
  if (pair.cut) options.push('--pad')
  if (pair.ticks) options.push('--tick')
  if (pair.mode === 'host') options.push('--mode', 'host', '--in-iface', pair.inInterface)
  else options.push('--in-iface', pair.inInterface, '--out-iface', pair.outInterface)
  if (pair.local.length > 0) options.push('--local', pair.local.join(','))
  if (pair.inLocal !== undefined && pair.inLocal.length > 0) options.push('--in-local', pair.inLocal.join(','))
  if (pair.rules !== undefined) options.push('--rules', pair.rules)
  if (pair.rules6 !== undefined) options.push('--rules6', pair.rules6)
  if (pair.helper === 'auto') options.push('--helper-auto')
  for (const [key, value] of Object.entries(sysctls)) options.push('--sysctl', `${key}=${value}`)
  try {
    const { lines, table, saved } = await oracle.runWithTable(pair.capture, options)
    const counted = [
      ...(pair.rules === undefined ? [] : countedIn(saved.ipv4, 'ipv4')),
      ...(pair.rules6 === undefined ? [] : countedIn(saved.ipv6, 'ipv6')),
    ]
    return { lines, answers: lines.map(answerOfKernel), table: tableOfKernel(table), counted }
  } catch (error) {
    throw new NotComparable(String((error as Error).message).replace(/^[\s\S]*exit \d+: /, 'the oracle says: '))
  }
}
