import type { CurrentConnection } from '../../src/conntrack/current-connection.ts'
import { SCTP_STATE_NAMES } from '../../src/conntrack/protocols/sctp-states.ts'
import { IPS_ASSURED, IPS_DST_NAT, IPS_EXPECTED, IPS_SEEN_REPLY, IPS_SRC_NAT } from '../../src/conntrack/status.ts'
import { addressText, parseAddress } from '../../src/wire/address.ts'
import { IP_V4, IP_V6 } from '../../src/wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6 } from '../../src/wire/protocols.ts'
import { type ListedTuple, listConnections, listExpectations } from '../conntrack/listing.ts'
import type { OracleEntry, OracleTuple } from './kernel-oracle.ts'
import { packetKey } from './packet-text.ts'

/** A connection or an expectation at the end of a replay, in words that both sides share. */
export interface TableRow {
  /** What it is found by: kind, and original tuple with its zone. */
  readonly name: string
  /** Key of its packets, as of `PacketLine`. */
  readonly packetKey: string
  /** Reply tuple and status of a connection, mask and master of an expectation, … */
  readonly details: Readonly<Record<string, string>>
  /** Both tuples of a connection. */
  readonly tuples?: { readonly original: ListedTuple; readonly reply: ListedTuple }
  readonly secondsLeft: number
}

export interface TableComparison {
  /** Rows of the kernel's that were compared. */
  rows: number
  equal: number
  /** Rows of packets that were left out of the comparison frame by frame. */
  excluded: number
  /** Connections for which both sides drew a port of their own. */
  drawn: number
  differences: TableDifference[]
}

export interface TableDifference {
  /** 'only the kernel has it', 'only we have it', 'timeout', or the detail that differs. */
  what: string
  kernel: TableRow | null
  ours: TableRow | null
}

/** ctnetlink tells whole seconds. */
const TIMEOUT_TOLERANCE_S = 1.001

const STATUS_NAMES = [
  [IPS_EXPECTED, 'EXPECTED'],
  [IPS_SEEN_REPLY, 'SEEN_REPLY'],
  [IPS_ASSURED, 'ASSURED'],
  [IPS_SRC_NAT, 'SRC_NAT'],
  [IPS_DST_NAT, 'DST_NAT'],
] as const

export function tableOfKernel(entries: readonly OracleEntry[]): TableRow[] {
  return entries.map((entry) => {
    if (entry.kind === 'expectation') {
      const tuple = listed(entry.tuple)
      return expectationRow(
        {
          ...tuple,
          source: isAny(entry.mask.src) ? null : tuple.source,
          sourcePort: entry.mask.sport === 0 ? null : tuple.sourcePort,
          secondsLeft: entry.timeout,
        },
        listed(entry.master),
      )
    }
    const status = entry.status.split(',')
    return connectionRow(listed(entry.original), listed(entry.reply), entry.timeout, {
      status: STATUS_NAMES.flatMap(([, name]) => (status.includes(name) ? [name] : [])).join(' '),
      state: entry.tcp ?? (entry.sctp === undefined ? '' : SCTP_STATE_NAMES[entry.sctp]),
      mark: String(entry.mark),
      helper: entry.helper ?? '',
      master: entry.master === undefined ? '' : masterText(listed(entry.master)),
    })
  })
}

export function tableOfCtreplay(current: CurrentConnection, nowNs: number): TableRow[] {
  const connections = listConnections(current, nowNs).map((one) =>
    connectionRow(one.original, one.reply, one.secondsLeft, {
      status: STATUS_NAMES.flatMap(([bit, name]) => ((one.status & bit) !== 0 ? [name] : [])).join(' '),
      state: one.state ?? '',
      mark: String(one.mark >>> 0),
      helper: one.helper ?? '',
      master: one.master === null ? '' : masterText(one.master),
    }),
  )
  return [...connections, ...listExpectations(current, nowNs).map((one) => expectationRow(one, one.master))]
}

interface Expected {
  protocol: number
  source: string | null
  sourcePort: number | null
  destination: string
  destinationPort: number
  zone: number
  secondsLeft: number
}

function connectionRow(
  original: ListedTuple,
  reply: ListedTuple,
  secondsLeft: number,
  details: Record<string, string>,
): TableRow {
  return {
    name: tupleText(original),
    packetKey: keyOf(original),
    details: { reply: tupleText(reply), ...details },
    tuples: { original, reply },
    secondsLeft,
  }
}

function expectationRow(one: Expected, master: ListedTuple): TableRow {
  const source = `${one.source ?? '*'} ${one.sourcePort ?? '*'}`
  return {
    name: `expectation: proto ${one.protocol} ${source} > ${one.destination} ${one.destinationPort} zone ${one.zone}`,
    packetKey: keyOf(master),
    details: { master: masterText(master) },
    secondsLeft: one.secondsLeft,
  }
}

function tupleText({ protocol, source, destination, sourcePort, destinationPort, zone }: ListedTuple): string {
  const inZone = zone === 0 ? '' : ` zone ${zone}`
  return `proto ${protocol} ${source} ${sourcePort} > ${destination} ${destinationPort}${inZone}`
}

/** ctnetlink does not tell the zone of a master. */
function masterText(master: ListedTuple): string {
  return tupleText({ ...master, zone: 0 })
}

function keyOf(tuple: ListedTuple): string {
  return packetKey(tuple.protocol, tuple.source, tuple.sourcePort, tuple.destination, tuple.destinationPort)
}

function listed(tuple: OracleTuple): ListedTuple {
  const { protocol, sport, dport, zone } = tuple
  const [source, destination] = [canonicalAddress(tuple.src), canonicalAddress(tuple.dst)]
  return { protocol, source, destination, sourcePort: sport, destinationPort: dport, zone }
}

/** The same address is written in the same way by both sides. */
export function canonicalAddress(text: string): string {
  const { words } = parseAddress(text)
  return addressText(words, 0, words.length === 1 ? IP_V4 : IP_V6)
}

function isAny(mask: string): boolean {
  return parseAddress(mask).words.every((word) => word === 0)
}

/**
 * Compares what both sides have left in their tables.
 * @param toleranceS by how many seconds the timeouts may differ
 * @param leftOut keys of packets that were not compared, or differed already: what they left behind is not compared either
 */
export function compareTables(
  kernel: readonly TableRow[],
  ours: readonly TableRow[],
  leftOut: ReadonlySet<string>,
  toleranceS = TIMEOUT_TOLERANCE_S,
): TableComparison {
  const result: TableComparison = { rows: 0, equal: 0, excluded: 0, drawn: 0, differences: [] }
  const left = new Map<string, TableRow>()
  for (const row of ours) left.set(row.name, row)
  for (const row of kernel) {
    const own = left.get(row.name) ?? null
    left.delete(row.name)
    if (leftOut.has(row.packetKey)) {
      result.excluded++
      continue
    }
    result.rows++
    if (own !== null && own.details.reply !== row.details.reply && differsByChance(row, own)) result.drawn++
    const what = own === null ? 'only the kernel has it' : whatDiffers(row, own, toleranceS)
    if (what === null) result.equal++
    else result.differences.push({ what, kernel: row, ours: own })
  }
  for (const row of left.values()) {
    if (leftOut.has(row.packetKey)) result.excluded++
    else result.differences.push({ what: 'only we have it', kernel: null, ours: row })
  }
  return result
}

function whatDiffers(kernel: TableRow, ours: TableRow, toleranceS: number): string | null {
  for (const [detail, text] of Object.entries(kernel.details)) {
    if (text !== ours.details[detail] && !(detail === 'reply' && differsByChance(kernel, ours))) return detail
  }
  return Math.abs(kernel.secondsLeft - ours.secondsLeft) > toleranceS ? 'timeout' : null
}

/** What there is besides expectations. */
export function connectionsOf(rows: readonly TableRow[]): TableRow[] {
  return rows.filter(({ tuples }) => tuples !== undefined)
}

/** Both sides had to take another source port than the packet's, for that was in use: which one, the kernel draws. */
function differsByChance(kernel: TableRow, ours: TableRow): boolean {
  if (kernel.tuples === undefined || ours.tuples === undefined) return false
  const { original, reply } = kernel.tuples
  const own = ours.tuples.reply
  const wanted = original.sourcePort
  const [theirPort, ourPort] = hasIdentifier(reply)
    ? [reply.sourcePort, own.sourcePort]
    : [reply.destinationPort, own.destinationPort]
  const sameElse = tupleText(withoutDrawn(reply)) === tupleText(withoutDrawn(own))
  return sameElse && theirPort !== wanted && ourPort !== wanted
}

/** ICMP has one identifier both ways. */
function hasIdentifier({ protocol }: ListedTuple): boolean {
  return protocol === PROTO_ICMP || protocol === PROTO_ICMPV6
}

function withoutDrawn(tuple: ListedTuple): ListedTuple {
  return hasIdentifier(tuple) ? { ...tuple, sourcePort: 0 } : { ...tuple, destinationPort: 0 }
}

/** A row on one line, for people. */
export function rowText(row: TableRow | null): string {
  if (row === null) return '(none)'
  const details = Object.entries(row.details).flatMap(([name, text]) => (text === '' ? [] : [`${name} ${text}`]))
  return [row.name, ...details, `${row.secondsLeft.toFixed(3)} s left`].join('; ')
}
