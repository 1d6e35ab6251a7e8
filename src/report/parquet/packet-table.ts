import { NO_TIME_DIGITS } from '../../capture/frame-batch.ts'
import { reasonText } from '../../conntrack/reasons.ts'
import type { Outcome } from '../../netfilter/outcome.ts'
import { HOOK_NAMES } from '../../ruleset/packet/hooks.ts'
import { VERDICT_SETS } from '../../ruleset/packet/rule-packet.ts'
import { IP_NONE, NOTE_NAMES, NOTE_NONE, P_DST, P_PORTS, P_PROTOCOL, P_SRC } from '../../wire/packet-fields.ts'
import { type Decision, DecisionTexts } from '../decisions.ts'
import { PACKET_COLUMNS } from '../packet-columns.ts'
import { reportedProtocol } from '../protocol-names.ts'
import { addressFamily, icmpHasIdentifier, TRANSPORT_ICMP, TRANSPORT_PORTS, transportKind } from '../transport-kind.ts'
import {
  type Column,
  type ColumnChunk,
  type Dictionary,
  DictionaryColumn,
  PlainColumn,
  SharedNumbers,
  SharingColumn,
} from './column-chunk.ts'
import { AddressDictionary, fixedTexts, smallNumbers, ValueDictionary } from './dictionaries.ts'
import type { GrowingBytes } from './growing-bytes.ts'

const PROTOCOLS = fixedTexts(Array.from({ length: 256 }, (_, protocol) => reportedProtocol(protocol)))
const NOTES = fixedTexts(NOTE_NAMES.map((note) => note ?? ''))
const HOOKS = fixedTexts(HOOK_NAMES)
/** Indexed by the bits of Outcome.possibleVerdicts. */
const POSSIBLE = fixedTexts(VERDICT_SETS.map((verdicts) => verdicts.join(' ')))
const PORTS = smallNumbers(1 << 16)
const OCTETS = smallNumbers(1 << 8)

/** The last second that 64 bits of nanoseconds since the epoch can hold (year 2262); later packets have no time. */
const LAST_SECOND = 9_223_372_035
const FIRST_SECOND = -LAST_SECOND

/** The rows of a row group, in columns. */
export class PacketTable {
  rows = 0
  readonly #addresses: AddressDictionary
  /** Texts of single packets; cleared with the row group. */
  readonly #reasons = new ValueDictionary<string>()
  readonly #unknowns = new ValueDictionary<string>()
  readonly #fragmentLists = new ValueDictionary<string>()
  readonly #columns: PacketColumns
  readonly #inOrder: readonly Column[]
  /** Numbers of decisions (label, verdict and rule), which determine several columns. */
  readonly #decisions: DecisionTexts<number>
  readonly #decisionNumbers: SharedNumbers
  readonly #severalFiles: boolean

  constructor(capacity: number, files: readonly string[]) {
    this.#addresses = new AddressDictionary(capacity * 2)
    this.#severalFiles = files.length > 1
    this.#decisionNumbers = new SharedNumbers(capacity)
    const decisionColumns = DECISION_FIELDS.map((name) => {
      const dictionary = new ValueDictionary<string | number>()
      return { name, dictionary, column: new SharingColumn(this.#decisionNumbers, dictionary) }
    })
    let decisionsKnown = 0
    this.#decisions = new DecisionTexts((decision) => {
      for (const { name, dictionary, column } of decisionColumns) {
        const value = decision[name]
        column.define(value === null ? undefined : dictionary.idOf(value))
      }
      return decisionsKnown++
    })
    const addresses = this.#addresses
    const reasons = this.#reasons
    const unknowns = this.#unknowns
    const fragmentLists = this.#fragmentLists
    this.#columns = packetColumns(capacity, { addresses, reasons, unknowns, fragmentLists, files: fixedTexts(files) })
    const byName = new Map<string, Column>(Object.entries(this.#columns))
    for (const { name, column } of decisionColumns) byName.set(name, column)
    this.#inOrder = PACKET_COLUMNS.flatMap(({ name }) => byName.get(name) ?? [])
  }

  add(outcome: Outcome): void {
    const columns = this.#columns
    const row = this.rows++
    columns.frame.set(row, outcome.frame)
    if (outcome.digits !== NO_TIME_DIGITS) setTime(columns.time, row, outcome.epochSeconds, outcome.nanoseconds)
    columns.length.set(row, outcome.wireLength)
    const family = addressFamily(outcome.fields, outcome.base)
    if (family !== IP_NONE) this.#addHeaders(row, family, outcome.fields, outcome.base)
    this.#decisionNumbers.ofRows[row] = this.#decisions.of(outcome)
    if (outcome.connectionNumber > 0) columns.connection.set(row, outcome.connectionNumber)
    if (outcome.note !== NOTE_NONE) columns.note.set(row, outcome.note)
    if (outcome.dropHook >= 0) columns.dropHook.set(row, outcome.dropHook)
    this.#addExplanation(row, outcome)
    if (outcome.fragmentCount > 0) this.#addFragments(row, outcome)
    if (this.#severalFiles) {
      columns.file.set(row, outcome.file)
      columns.fileFrame.set(row, outcome.fileFrame)
    }
  }

  /** Appends the columns, and clears all rows. */
  write(out: GrowingBytes): ColumnChunk[] {
    const chunks = this.#inOrder.map((column) => column.write(out, this.rows))
    this.rows = 0
    for (const dictionary of [this.#addresses, this.#reasons, this.#unknowns, this.#fragmentLists]) dictionary.clear()
    return chunks
  }

  #addHeaders(row: number, family: number, fields: Int32Array, base: number): void {
    const columns = this.#columns
    const addresses = this.#addresses
    const protocol = fields[base + P_PROTOCOL]
    columns.src.set(row, addresses.idOf(fields, base + P_SRC, family))
    columns.dst.set(row, addresses.idOf(fields, base + P_DST, family))
    if (protocol >= 0) columns.proto.set(row, protocol)
    const transport = transportKind(fields, base)
    const word = fields[base + P_PORTS]
    if (transport === TRANSPORT_PORTS) {
      columns.sport.set(row, word >>> 16)
      columns.dport.set(row, word & 0xffff)
    } else if (transport === TRANSPORT_ICMP) {
      columns.icmpType.set(row, word >>> 24)
      columns.icmpCode.set(row, (word >>> 16) & 255)
      if (icmpHasIdentifier(fields, base)) columns.icmpId.set(row, word & 0xffff)
    }
  }

  #addExplanation(row: number, outcome: Outcome): void {
    const columns = this.#columns
    const { reason, reasonFrame, possibleVerdicts, unknownText, assumesFrame } = outcome
    if (reason !== 0) {
      const text = reasonText(reason, outcome.reasonA, outcome.reasonB, reasonFrame)
      if (text !== null) columns.reason.set(row, this.#reasons.idOf(text))
    }
    if (reasonFrame > 0) columns.reasonFrame.set(row, reasonFrame)
    if (possibleVerdicts !== 0) columns.possible.set(row, possibleVerdicts)
    if (unknownText !== null) columns.unknown.set(row, this.#unknowns.idOf(unknownText))
    if (assumesFrame > 0) columns.assumesFrame.set(row, assumesFrame)
  }

  #addFragments(row: number, { fragments, fragmentCount }: Outcome): void {
    const text = fragments.subarray(0, fragmentCount).join(' ')
    this.#columns.fragments.set(row, this.#fragmentLists.idOf(text))
  }
}

const DECISION_FIELDS = [
  'ctstate',
  'ctdir',
  'hook',
  'verdict',
  'rule',
  'target',
  'line',
] as const satisfies (keyof Decision)[]

interface RowDictionaries {
  readonly addresses: AddressDictionary
  readonly reasons: ValueDictionary<string>
  readonly unknowns: ValueDictionary<string>
  readonly fragmentLists: ValueDictionary<string>
  readonly files: Dictionary
}

type PacketColumns = ReturnType<typeof packetColumns>

/** The columns that are not those of the decision. */
function packetColumns(capacity: number, { addresses, reasons, unknowns, fragmentLists, files }: RowDictionaries) {
  const long = (required = false): PlainColumn => new PlainColumn(capacity, 8, required)
  const coded = (dictionary: Dictionary): DictionaryColumn => new DictionaryColumn(capacity, dictionary)
  return {
    frame: long(true),
    time: long(),
    src: coded(addresses),
    dst: coded(addresses),
    proto: coded(PROTOCOLS),
    sport: coded(PORTS),
    dport: coded(PORTS),
    length: new PlainColumn(capacity, 4, true),
    reason: coded(reasons),
    note: coded(NOTES),
    connection: long(),
    icmpType: coded(OCTETS),
    icmpCode: coded(OCTETS),
    icmpId: coded(PORTS),
    possible: coded(POSSIBLE),
    unknown: coded(unknowns),
    reasonFrame: long(),
    dropHook: coded(HOOKS),
    assumesFrame: long(),
    fragments: coded(fragmentLists),
    file: coded(files),
    fileFrame: long(),
  }
}

/**
 * Nanoseconds since the epoch in two words: seconds times 10^9 in doubles tells the high word, in 32 bits the low one.
 */
function setTime(column: PlainColumn, row: number, seconds: number, nanoseconds: number): void {
  if (seconds > LAST_SECOND || seconds < FIRST_SECOND) return
  const product = Math.imul(seconds | 0, 1_000_000_000) >>> 0
  const high = Math.round((seconds * 1_000_000_000 - product) / 0x1_0000_0000)
  const low = product + nanoseconds
  column.setWords(row, low, low > 0xffff_ffff ? high + 1 : high)
}
