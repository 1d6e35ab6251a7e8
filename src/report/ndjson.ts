import { NO_TIME_DIGITS } from '../capture/frame-batch.ts'
import { reasonText } from '../conntrack/reasons.ts'
import type { Outcome, Sink } from '../netfilter/outcome.ts'
import { HOOK_NAMES } from '../ruleset/packet/hooks.ts'
import { VERDICT_SETS } from '../ruleset/packet/rule-packet.ts'
import { IP_NONE, IP_V4, NOTE_NAMES, NOTE_NONE, P_DST, P_PORTS, P_PROTOCOL, P_SRC } from '../wire/packet-fields.ts'
import type { ByteOutput } from './byte-output.ts'
import { type ByteWriter, type Snippet, shortText, snippet } from './byte-writer.ts'
import { DecisionTexts } from './decisions.ts'
import { LineBuffer } from './line-buffer.ts'
import { protocolSnippets } from './protocol-names.ts'
import { addressFamily, icmpHasIdentifier, TRANSPORT_ICMP, TRANSPORT_PORTS, transportKind } from './transport-kind.ts'

/** More bytes than a line needs, without the rule and the free texts (reason, unknown, file name). */
const LINE_ROOM = 1024

const FRAME = shortText('{"frame":')
const TIME = shortText(',"time":')
const NO_TIME = snippet(',"time":null')
const SRC = shortText(',"src":"')
const DST = shortText('","dst":"')
const DPORT = shortText(',"dport":')
const LENGTH = shortText(',"length":')
const NO_ADDRESSES = snippet(',"src":null,"dst":null,"proto":null,"sport":null,"dport":null,"length":')
const REASON = shortText(',"reason":')
const CONNECTION = shortText(',"connection":')
const ICMP_TYPE = shortText(',"icmpType":')
const ICMP_CODE = shortText(',"icmpCode":')
const ICMP_ID = shortText(',"icmpId":')
const REASON_FRAME = shortText(',"reasonFrame":')
const FRAGMENTS = shortText(',"fragments":[')
const ASSUMES_FRAME = shortText(',"assumesFrame":')
const UNKNOWN = shortText(',"unknown":')
const FILE_FRAME = shortText(',"fileFrame":')
const END = snippet('}\n')
const COMMA = 0x2c
const CLOSING_BRACKET = 0x5d
/** Bytes of the largest frame number, with what follows it. */
const DECIMAL_ROOM = 17

const NOTES = NOTE_NAMES.map((note) => snippet(`,"note":${JSON.stringify(note)}`))
const DROP_HOOKS = HOOK_NAMES.map((hook) => snippet(`,"dropHook":"${hook}"`))
/** Indexed by the bits of Outcome.possibleVerdicts. */
const POSSIBLE = VERDICT_SETS.map((verdicts) => snippet(`,"possible":${JSON.stringify(verdicts)}`))

/** The fields `ctstate` to `line`, and on to a `note` of null. */
interface DecisionText {
  readonly toLine: Snippet
  readonly whole: Snippet
}

export interface NdjsonOptions {
  /** Paths of the captures as given; with more than one, every line says `file` and `fileFrame`. */
  files: readonly string[]
}

/**
 * One JSON object per frame, in capture order, one on each line. The fields are listed in the README.
 *
 * Writing a line is split into a few methods, the common case apart from the rare ones, because V8 inlines only
 * functions up to a limited size.
 */
export class NdjsonSink implements Sink {
  readonly #lines: LineBuffer
  readonly #writer: ByteWriter
  readonly #files: readonly Snippet[]
  readonly #decisions = new DecisionTexts<DecisionText>((decision) => {
    const toLine = `,${JSON.stringify(decision).slice(1, -1)}`
    return { toLine: snippet(toLine), whole: snippet(`${toLine},"reason":null,"note":null`) }
  })

  /** By protocol number; 256 is the protocol that could not be found. */
  readonly #withPorts = protocolSnippets((name) => `","proto":"${name}","sport":`)
  readonly #withoutPorts = [
    ...protocolSnippets((name) => `","proto":"${name}","sport":null,"dport":null,"length":`),
    snippet('","proto":null,"sport":null,"dport":null,"length":'),
  ]

  constructor(output: ByteOutput, options: NdjsonOptions) {
    this.#files =
      options.files.length > 1 ? options.files.map((path) => snippet(`,"file":${JSON.stringify(path)}`)) : []
    this.#lines = new LineBuffer(output)
    this.#writer = this.#lines.writer
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
    if (outcome.connectionNumber > 0) at = writer.decimal(writer.short(at, CONNECTION), outcome.connectionNumber)
    if (transport === TRANSPORT_ICMP) at = this.#icmp(at, fields, base)
    at = this.#rest(at, outcome)
    lines.at = writer.snippet(at, END)
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
    at = writer.growing(writer.short(at, FRAME), frame)
    if (digits === NO_TIME_DIGITS) return writer.snippet(at, NO_TIME)
    return writer.time(writer.short(at, TIME), epochSeconds, nanoseconds, digits)
  }

  #ipv4(at: number, fields: Int32Array, base: number): number {
    const writer = this.#writer
    at = writer.ipv4(writer.short(at, SRC), fields[base + P_SRC])
    return writer.ipv4(writer.short(at, DST), fields[base + P_DST])
  }

  #otherAddresses(at: number, family: number, fields: Int32Array, base: number): number {
    if (family === IP_NONE) return at
    const writer = this.#writer
    at = writer.ipv6(writer.short(at, SRC), fields, base + P_SRC)
    return writer.ipv6(writer.short(at, DST), fields, base + P_DST)
  }

  #ports(at: number, fields: Int32Array, base: number): number {
    const writer = this.#writer
    const ports = fields[base + P_PORTS]
    at = writer.decimal(writer.snippet(at, this.#withPorts[fields[base + P_PROTOCOL]]), ports >>> 16)
    at = writer.decimal(writer.short(at, DPORT), ports & 0xffff)
    return writer.short(at, LENGTH)
  }

  #noPorts(at: number, family: number, fields: Int32Array, base: number): number {
    if (family === IP_NONE) return this.#writer.snippet(at, NO_ADDRESSES)
    const protocol = fields[base + P_PROTOCOL]
    return this.#writer.snippet(at, this.#withoutPorts[protocol < 0 ? 256 : protocol])
  }

  /** Writes the decision, reason and note of a packet with a reason or note. */
  #explained(at: number, decision: DecisionText, outcome: Outcome): number {
    const writer = this.#writer
    at = writer.short(writer.snippet(at, decision.toLine), REASON)
    at = this.#json(at, reasonText(outcome.reason, outcome.reasonA, outcome.reasonB, outcome.reasonFrame))
    return writer.snippet(at, NOTES[outcome.note] ?? NOTES[NOTE_NONE])
  }

  #icmp(at: number, fields: Int32Array, base: number): number {
    const writer = this.#writer
    const header = fields[base + P_PORTS]
    at = writer.decimal(writer.short(at, ICMP_TYPE), header >>> 24)
    at = writer.decimal(writer.short(at, ICMP_CODE), (header >>> 16) & 255)
    if (!icmpHasIdentifier(fields, base)) return at
    return writer.decimal(writer.short(at, ICMP_ID), header & 0xffff)
  }

  /** Writes the fields that few packets have. */
  #rest(at: number, outcome: Outcome): number {
    const writer = this.#writer
    if (outcome.possibleVerdicts !== 0) at = writer.snippet(at, POSSIBLE[outcome.possibleVerdicts])
    if (outcome.unknownText !== null) at = this.#json(writer.short(at, UNKNOWN), outcome.unknownText)
    if (outcome.reasonFrame > 0) at = writer.decimal(writer.short(at, REASON_FRAME), outcome.reasonFrame)
    if (outcome.dropHook >= 0) at = writer.snippet(at, DROP_HOOKS[outcome.dropHook])
    if (outcome.assumesFrame > 0) at = writer.decimal(writer.short(at, ASSUMES_FRAME), outcome.assumesFrame)
    if (outcome.fragmentCount > 0) at = this.#fragments(at, outcome)
    if (this.#files.length === 0) return at
    const file = this.#files[outcome.file]
    at = writer.snippet(this.#lines.moreRoom(at, file.length + LINE_ROOM), file)
    return writer.decimal(writer.short(at, FILE_FRAME), outcome.fileFrame)
  }

  /** Writes the numbers of the frames that the datagram came in. */
  #fragments(at: number, { fragments, fragmentCount }: Outcome): number {
    const writer = this.#writer
    at = writer.short(this.#lines.moreRoom(at, fragmentCount * DECIMAL_ROOM + LINE_ROOM), FRAGMENTS)
    for (let i = 0; i < fragmentCount; i++) {
      at = writer.decimal(at, fragments[i])
      writer.bytes[at++] = i === fragmentCount - 1 ? CLOSING_BRACKET : COMMA
    }
    return at
  }

  #json(at: number, value: string | null): number {
    const text = JSON.stringify(value)
    return this.#writer.text(this.#lines.moreRoom(at, text.length * 3 + LINE_ROOM), text)
  }
}
