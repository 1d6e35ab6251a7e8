import { NDJSON, ONE_THREAD, OURS, OVS, rulesName, TCPDUMP, TSHARK } from './contenders.ts'
import { type Measured, pairedRatio } from './whole-process.ts'

/** What ctreplay may take at the most, measured in the same rounds as the other. */
interface Target {
  readonly what: string
  readonly capture: string
  readonly ours: string
  readonly other: string
  /** Times the other's seconds. */
  readonly atMost: number
}

const SUMMARY = 'summary, 100 rules'
const EVERY_PACKET = 'NDJSON of every packet, 100 rules'

const TARGETS: readonly Target[] = [
  { what: SUMMARY, capture: 'a4', ours: OURS, other: TCPDUMP, atMost: 1.8 },
  { what: SUMMARY, capture: 'a4', ours: OURS, other: OVS, atMost: 0.25 },
  { what: SUMMARY, capture: 'a', ours: OURS, other: TCPDUMP, atMost: 2.2 },
  { what: SUMMARY, capture: 'a', ours: OURS, other: OVS, atMost: 0.38 },
  { what: SUMMARY, capture: 'a', ours: OURS, other: TSHARK, atMost: 1 / 60 },
  { what: SUMMARY, capture: 'b', ours: OURS, other: TCPDUMP, atMost: 3.5 },
  { what: SUMMARY, capture: 'b', ours: OURS, other: OVS, atMost: 0.3 },
  { what: SUMMARY, capture: 'b', ours: OURS, other: TSHARK, atMost: 1 / 60 },
  { what: EVERY_PACKET, capture: 'a4', ours: NDJSON, other: TCPDUMP, atMost: 2.5 },
  { what: EVERY_PACKET, capture: 'a4', ours: NDJSON, other: OVS, atMost: 0.35 },
  { what: EVERY_PACKET, capture: 'a', ours: NDJSON, other: OVS, atMost: 0.5 },
  { what: EVERY_PACKET, capture: 'b', ours: NDJSON, other: OVS, atMost: 0.4 },
  { what: EVERY_PACKET, capture: 'a', ours: NDJSON, other: TSHARK, atMost: 1 / 45 },
  { what: `${SUMMARY}, one thread`, capture: 'a4', ours: ONE_THREAD, other: TCPDUMP, atMost: 2.7 },
  { what: `${SUMMARY}, one thread`, capture: 'a4', ours: ONE_THREAD, other: OVS, atMost: 0.42 },
  { what: '10,000 rules against 10', capture: 'a4', ours: rulesName(10_000), other: rulesName(10), atMost: 1.25 },
]

const PEAK_CAPTURE = 'b'
const PEAK_MIB = 300

/** A row for each target: what, against whom, target, measured, met or not; or what is missing. */
export function targetRows(capture: string, results: readonly Measured[]): string[][] {
  const named = new Map(results.map((result) => [result.name, result]))
  const rows = TARGETS.filter((target) => target.capture === capture).map((target) => {
    const ours = named.get(target.ours)
    const other = named.get(target.other)
    const bound = `≤ ${ratio(target.atMost)} x`
    const head = [target.what, capture, target.other, bound]
    if (ours === undefined || other === undefined) return [...head, 'not run', '']
    const measured = pairedRatio(ours, other)
    return [...head, `${ratio(measured)} x`, measured <= target.atMost ? 'met' : 'missed']
  })
  return capture === PEAK_CAPTURE ? [...rows, ...peakRows(named)] : rows
}

function peakRows(named: ReadonlyMap<string, Measured>): string[][] {
  const ours = named.get(OURS)?.peakKiB ?? 0
  const ovs = named.get(OVS)?.peakKiB ?? 0
  const row = (other: string, boundKiB: number): string[] => {
    const head = ['peak memory, 100 rules', PEAK_CAPTURE, other]
    if (ours === 0 || boundKiB === 0) return [...head, '', 'not run', '']
    return [...head, `≤ ${mebibytes(boundKiB)}`, mebibytes(ours), ours <= boundKiB ? 'met' : 'missed']
  }
  return [row('', PEAK_MIB * 1024), row(OVS, ovs)]
}

export const TARGET_TITLES = ['work', 'capture', 'against', 'target', 'measured', ''] as const

function ratio(value: number): string {
  return value < 0.1 ? `1/${(1 / value).toFixed(0)}` : value.toFixed(2)
}

function mebibytes(kib: number): string {
  return `${(kib / 1024).toFixed(0)} MiB`
}
