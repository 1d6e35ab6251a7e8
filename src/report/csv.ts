import { NO_TIME_DIGITS } from '../capture/frame-batch.ts'
import { reasonText } from '../conntrack/reasons.ts'
import type { Outcome, Sink } from '../netfilter/outcome.ts'
import { HOOK_NAMES } from '../ruleset/packet/hooks.ts'
import { VERDICT_SETS } from '../ruleset/packet/rule-packet.ts'
import { IP_NONE, IP_V4, NOTE_NAMES, NOTE_NONE, P_DST, P_PORTS, P_PROTOCOL, P_SRC } from '../wire/packet-fields.ts'
import type { ByteOutput } from './byte-output.ts'
import { type ByteWriter, type Snippet, snippet } from './byte-writer.ts'
import { DecisionTexts } from './decisions.ts'
import { LineBuffer } from './line-buffer.ts'
import { PACKET_COLUMNS } from './packet-columns.ts'
import { protocolSnippets } from './protocol-names.ts'
import { addressFamily, icmpHasIdentifier, TRANSPORT_ICMP, TRANSPORT_PORTS, transportKind } from './transport-kind.ts'

/** More bytes than a line needs, without the rule and the free texts (reason, unknown, file name, fragments). */
const LINE_ROOM = 512
/** Bytes of the largest frame number, with what follows it. */
const DECIMAL_ROOM = 17
const COMMA = 0x2c
const SPACE = 0x20

const NO_ADDRESSES = snippet(',,,,,,')

const NOTES = NOTE_NAMES.map((note) => snippet(`,${note ?? ''},`))
const DROP_HOOKS = HOOK_NAMES.map((hook) => snippet(hook))
/** Indexed by the bits of Outcome.possibleVerdicts. */
const POSSIBLE = VERDICT_SETS.map((verdicts) => snippet(verdicts.join(' ')))
/** The end of a line from `icmpType` on, with all fields empty. */
const NOTHING_MORE = snippet(',,,,,,,,,,,\n')
const NO_ICMP = snippet(',,,')
const NO_FILE = snippet(',,\n')
const END = snippet('\n')

interface DecisionText {
  /** The fields `ctstate` to `line`. */
  readonly toLine: Snippet
  /** The same, followed by an empty `reason` and `note`. */
  readonly whole: Snippet
}

export interface CsvOptions {
  /** Paths of the captures as given; with more than one, every line says `file` and `fileFrame`. */
  files: readonly string[]
}

/**
 * A table of all frames, in capture order, as comma-separated values (RFC 4180, lines end with LF). The columns are
 * PACKET_COLUMNS.
 */
export class CsvSink implements Sink {
  readonly #lines: LineBuffer
  readonly #writer: ByteWriter
  readonly #files: readonly Snippet[]
  readonly #decisions = new DecisionTexts<DecisionText>((decision) => {
    const toLine = `,${Object.values(decision)
      .map((value) => quoted(String(value ?? '')))
      .join()}`
    return { toLine: snippet(`${toLine},`), whole: snippet(`${toLine},,,`) }
  })

  /** `proto` and what stands before the ports, by protocol number; 256 is the protocol that could not be found. */
  readonly #withPorts = protocolSnippets((name) => `,${name},`)
  readonly #withoutPorts = [...protocolSnippets((name) => `,${name},,,`), snippet(',,,,')]

  constructor(output: ByteOutput, options: CsvOptions) {
    this.#files = options.files.length > 1 ? options.files.map((path) => snippet(`,${quoted(path)},`)) : []
    this.#lines = new LineBuffer(output)
    this.#writer = this.#lines.writer
    this.#lines.at = this.#writer.snippet(0, snippet(`${PACKET_COLUMNS.map(({ name }) => name).join()}\n`))
  }

  packet(outcome: Outcome): void {
    const writer = this.#writer
    const lines = this.#lines
    const { fields, base } = outcome
    const decision = this.#decisions.of(outcome)
    const family = addressFamily(fields, base)
    const transport = transportKind(fields, base)
    let at = this.#start(lines.room(LINE_ROOM + decision.whole.length), outcome)
    at = family === IP_V4 ? this.#ipv4(at, fields, base) : this.#otherAddresses(at, family, fields, base)
    at = transport === TRANSPORT_PORTS ? this.#ports(at, fields, base) : this.#noPorts(at, family, fields, base)
    at = writer.decimal(at, outcome.wireLength)
    at =
      outcome.reason === 0 && outcome.note === NOTE_NONE
        ? writer.snippet(at, decision.whole)
        : this.#explained(at, decision, outcome)
    if (outcome.connectionNumber > 0) at = writer.decimal(at, outcome.connectionNumber)
    lines.at =
      transport === TRANSPORT_ICMP || this.#files.length > 0 || hasMore(outcome)
        ? this.#rest(at, outcome, transport)
        : writer.snippet(at, NOTHING_MORE)
  }

  drain(): Promise<void> | void {
    return this.#lines.drain()
  }

  idle(): Promise<void> | void {
    return this.#lines.idle()
  }

  end(): Promise<void> {
    return this.#lines.end()
  }

  #start(at: number, { frame, epochSeconds, nanoseconds, digits }: Outcome): number {
    const writer = this.#writer
    at = writer.growing(at, frame)
    writer.bytes[at] = COMMA
    if (digits === NO_TIME_DIGITS) return at + 1
    return writer.time(at + 1, epochSeconds, nanoseconds, digits)
  }

  #ipv4(at: number, fields: Int32Array, base: number): number {
    const writer = this.#writer
    writer.bytes[at] = COMMA
    at = writer.ipv4(at + 1, fields[base + P_SRC])
    writer.bytes[at] = COMMA
    return writer.ipv4(at + 1, fields[base + P_DST])
  }

  #otherAddresses(at: number, family: number, fields: Int32Array, base: number): number {
    if (family === IP_NONE) return at
    const writer = this.#writer
    writer.bytes[at] = COMMA
    at = writer.ipv6(at + 1, fields, base + P_SRC)
    writer.bytes[at] = COMMA
    return writer.ipv6(at + 1, fields, base + P_DST)
  }

  #ports(at: number, fields: Int32Array, base: number): number {
    const writer = this.#writer
    const ports = fields[base + P_PORTS]
    at = writer.decimal(writer.snippet(at, this.#withPorts[fields[base + P_PROTOCOL]]), ports >>> 16)
    writer.bytes[at] = COMMA
    at = writer.decimal(at + 1, ports & 0xffff)
    writer.bytes[at] = COMMA
    return at + 1
  }

  #noPorts(at: number, family: number, fields: Int32Array, base: number): number {
    if (family === IP_NONE) return this.#writer.snippet(at, NO_ADDRESSES)
    const protocol = fields[base + P_PROTOCOL]
    return this.#writer.snippet(at, this.#withoutPorts[protocol < 0 ? 256 : protocol])
  }

  /** Writes the decision, reason and note of a packet with a reason or note. */
  #explained(at: number, decision: DecisionText, outcome: Outcome): number {
    const { reason, reasonA, reasonB, reasonFrame, note } = outcome
    at = this.#writer.snippet(at, decision.toLine)
    at = this.#text(at, reasonText(reason, reasonA, reasonB, reasonFrame))
    return this.#writer.snippet(at, NOTES[note])
  }

  /** Writes the fields that few packets have, to the end of the line. */
  #rest(at: number, outcome: Outcome, transport: number): number {
    const writer = this.#writer
    at = transport === TRANSPORT_ICMP ? this.#icmp(at, outcome.fields, outcome.base) : writer.snippet(at, NO_ICMP)
    at = this.#comma(at)
    if (outcome.possibleVerdicts !== 0) at = writer.snippet(at, POSSIBLE[outcome.possibleVerdicts])
    at = this.#text(this.#comma(at), outcome.unknownText)
    at = this.#number(this.#comma(at), outcome.reasonFrame)
    at = this.#comma(at)
    if (outcome.dropHook >= 0) at = writer.snippet(at, DROP_HOOKS[outcome.dropHook])
    at = this.#number(this.#comma(at), outcome.assumesFrame)
    at = this.#fragments(this.#comma(at), outcome)
    if (this.#files.length === 0) return writer.snippet(at, NO_FILE)
    const file = this.#files[outcome.file]
    at = writer.snippet(this.#lines.moreRoom(at, file.length + LINE_ROOM), file)
    return writer.snippet(writer.decimal(at, outcome.fileFrame), END)
  }

  #icmp(at: number, fields: Int32Array, base: number): number {
    const writer = this.#writer
    const header = fields[base + P_PORTS]
    at = writer.decimal(this.#comma(at), header >>> 24)
    at = this.#comma(writer.decimal(this.#comma(at), (header >>> 16) & 255))
    return icmpHasIdentifier(fields, base) ? writer.decimal(at, header & 0xffff) : at
  }

  /** Writes the numbers of the frames that the datagram came in. */
  #fragments(at: number, { fragments, fragmentCount }: Outcome): number {
    const writer = this.#writer
    at = this.#lines.moreRoom(at, fragmentCount * DECIMAL_ROOM + LINE_ROOM)
    for (let i = 0; i < fragmentCount; i++) {
      if (i > 0) writer.bytes[at++] = SPACE
      at = writer.decimal(at, fragments[i])
    }
    return at
  }

  #comma(at: number): number {
    this.#writer.bytes[at] = COMMA
    return at + 1
  }

  /** Writes a number; nothing for 0. */
  #number(at: number, n: number): number {
    return n > 0 ? this.#writer.decimal(at, n) : at
  }

  #text(at: number, value: string | null): number {
    if (value === null) return at
    const text = quoted(value)
    return this.#writer.text(this.#lines.moreRoom(at, text.length * 3 + LINE_ROOM), text)
  }
}

function hasMore(outcome: Outcome): boolean {
  return (
    outcome.dropHook >= 0 ||
    outcome.possibleVerdicts !== 0 ||
    outcome.unknownText !== null ||
    outcome.reasonFrame > 0 ||
    outcome.assumesFrame > 0 ||
    outcome.fragmentCount > 0
  )
}

/** RFC 4180, 2.6 and 2.7. */
function quoted(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}
