import { reasonText } from '../conntrack/reasons.ts'
import { CTSTATE_NAMES, type Outcome, type Sink } from '../netfilter/outcome.ts'
import { HOOK_NAMES, VERDICT_NAMES } from '../ruleset/rule-packet.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'
import {
  IP_NONE,
  IP_V4,
  NOTE_NAMES,
  NOTE_NONE,
  P_DST,
  P_FAMILY,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
} from '../wire/packet-fields.ts'
import type { ByteOutput } from './byte-output.ts'
import { ByteWriter, SLACK, type Snippet, shortText, snippet } from './byte-writer.ts'
import { protocolName } from './protocol-names.ts'
import { icmpHasIdentifier, TRANSPORT_ICMP, TRANSPORT_NONE, TRANSPORT_PORTS, transportKind } from './transport-key.ts'

/** More than a line can take, the rule and the free texts (reason, unknown, file name) not counted. */
const LINE_ROOM = 1024
/** Chunks smaller than this are only written when they have waited for a while (a live capture on a pipe). */
const WORTH_WRITING = 1 << 16
const PATIENCE_MILLISECONDS = 50

const FRAME = shortText('{"frame":')
const TIME = shortText(',"time":')
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

/** Protocols with and without ports, indexed by protocol number; 256 is the protocol that could not be found. */
const PROTO_PORTS: Snippet[] = []
const PROTO_NO_PORTS: Snippet[] = []
for (let protocol = 0; protocol < 256; protocol++) {
  PROTO_PORTS.push(snippet(`","proto":"${protocolName(protocol)}","sport":`))
  PROTO_NO_PORTS.push(snippet(`","proto":"${protocolName(protocol)}","sport":null,"dport":null,"length":`))
}
PROTO_NO_PORTS.push(snippet('","proto":null,"sport":null,"dport":null,"length":'))

const NOTES = NOTE_NAMES.map((note) => snippet(`,"note":${JSON.stringify(note)}`))
const DROP_HOOKS = HOOK_NAMES.map((hook) => snippet(`,"dropHook":"${hook}"`))
/** Indexed by the bits of Outcome.possibleVerdicts. */
const POSSIBLE = Array.from({ length: 1 << VERDICT_NAMES.length }, (_, bits) =>
  snippet(`,"possible":${JSON.stringify(VERDICT_NAMES.filter((name, code) => name !== null && bits & (1 << code)))}`),
)

const DIRECTIONS = [null, 'original', 'reply'] as const

/** What is the same for all packets with the same label and rule: `ctstate` to `line`, and on to a `note` of null. */
interface Answer {
  readonly toLine: Snippet
  readonly whole: Snippet
}

/** By state, direction, hook and verdict; filled as they come up. */
type Answers = (Answer | undefined)[]

export interface NdjsonOptions {
  /** Paths of the captures as given; with more than one, every line says `file` and `fileFrame`. */
  files: readonly string[]
}

/** One JSON object per frame, in capture order, a line each. The fields are listed in the README. */
export class NdjsonSink implements Sink {
  private readonly output: ByteOutput
  private readonly files: readonly Snippet[]
  private readonly writer: ByteWriter
  private at = 0
  private lastWrite = performance.now()
  /** By RuleInfo.id, IPv4 and IPv6 rulesets apart. */
  private readonly rules4: Answers[] = []
  private readonly rules6: Answers[] = []
  private readonly withoutRule: Answers = []

  constructor(output: ByteOutput, options: NdjsonOptions) {
    this.output = output
    this.files = options.files.length > 1 ? options.files.map((path) => snippet(`,"file":${JSON.stringify(path)}`)) : []
    this.writer = new ByteWriter(output.take())
  }

  packet(outcome: Outcome): void {
    const { writer } = this
    const { fields, base } = outcome
    const answer = this.answerOf(outcome)
    let at = this.room(LINE_ROOM + answer.whole.length)

    at = writer.decimal(writer.short(at, FRAME), outcome.frame)
    at = writer.time(writer.short(at, TIME), outcome.epochSeconds, outcome.nanoseconds, outcome.digits)

    const family = fields[base + P_FAMILY]
    let transport = TRANSPORT_NONE
    if (family === IP_NONE) {
      at = writer.snippet(at, NO_ADDRESSES)
    } else {
      at = writer.short(at, SRC)
      at = family === IP_V4 ? writer.ipv4(at, fields[base + P_SRC]) : writer.ipv6(at, fields, base + P_SRC)
      at = writer.short(at, DST)
      at = family === IP_V4 ? writer.ipv4(at, fields[base + P_DST]) : writer.ipv6(at, fields, base + P_DST)
      const protocol = fields[base + P_PROTOCOL]
      transport = transportKind(fields, base)
      if (transport === TRANSPORT_PORTS) {
        const ports = fields[base + P_PORTS]
        at = writer.decimal(writer.snippet(at, PROTO_PORTS[protocol]), ports >>> 16)
        at = writer.decimal(writer.short(at, DPORT), ports & 0xffff)
        at = writer.short(at, LENGTH)
      } else {
        at = writer.snippet(at, PROTO_NO_PORTS[protocol < 0 ? 256 : protocol])
      }
    }
    at = writer.decimal(at, outcome.wireLength)
    if (outcome.reason === 0 && outcome.note === NOTE_NONE) {
      at = writer.snippet(at, answer.whole)
    } else {
      at = writer.snippet(at, answer.toLine)
      at = writer.short(at, REASON)
      at = this.json(at, reasonText(outcome.reason, outcome.reasonA, outcome.reasonB, outcome.reasonFrame))
      at = writer.snippet(at, NOTES[outcome.note] ?? NOTES[NOTE_NONE])
    }

    if (outcome.connectionNumber > 0) at = writer.decimal(writer.short(at, CONNECTION), outcome.connectionNumber)
    if (transport === TRANSPORT_ICMP) {
      const icmp = fields[base + P_PORTS]
      at = writer.decimal(writer.short(at, ICMP_TYPE), icmp >>> 24)
      at = writer.decimal(writer.short(at, ICMP_CODE), (icmp >>> 16) & 255)
      if (icmpHasIdentifier(fields, base)) at = writer.decimal(writer.short(at, ICMP_ID), icmp & 0xffff)
    }
    if (outcome.possibleVerdicts !== 0) at = writer.snippet(at, POSSIBLE[outcome.possibleVerdicts])
    if (outcome.unknownText !== null) at = this.json(writer.short(at, UNKNOWN), outcome.unknownText)
    if (outcome.reasonFrame > 0) at = writer.decimal(writer.short(at, REASON_FRAME), outcome.reasonFrame)
    if (outcome.dropHook >= 0) at = writer.snippet(at, DROP_HOOKS[outcome.dropHook])
    if (outcome.assumesFrame > 0) at = writer.decimal(writer.short(at, ASSUMES_FRAME), outcome.assumesFrame)
    if (outcome.fragmentCount > 0) at = this.fragments(at, outcome)
    if (this.files.length > 0) {
      const file = this.files[outcome.file]
      at = writer.snippet(this.moreRoom(at, file.length), file)
      at = writer.decimal(writer.short(at, FILE_FRAME), outcome.fileFrame)
    }
    this.at = writer.snippet(at, END)
  }

  drain(): Promise<void> | void {
    if (this.at >= WORTH_WRITING || (this.at > 0 && performance.now() - this.lastWrite > PATIENCE_MILLISECONDS)) {
      this.handOver(0)
      this.lastWrite = performance.now()
    }
    return this.output.drain()
  }

  end(): Promise<void> {
    this.handOver(0)
    return this.output.end()
  }

  /** The offset at which `length` more bytes fit, in a new chunk if need be: called between two lines only. */
  private room(length: number): number {
    if (this.at + length + SLACK > this.writer.bytes.length) this.handOver(length + SLACK)
    return this.at
  }

  private handOver(nextLength: number): void {
    this.output.give(this.writer.bytes, this.at)
    this.writer.reset(this.output.take(nextLength))
    this.at = 0
  }

  /** Makes room in the middle of a line, for a free text: what is written of the line moves to a larger buffer. */
  private moreRoom(at: number, length: number): number {
    const needed = at + length + LINE_ROOM + SLACK
    const { bytes } = this.writer
    if (needed > bytes.length) {
      const larger = new Uint8Array(needed * 2)
      larger.set(bytes.subarray(0, at))
      this.writer.reset(larger)
    }
    return at
  }

  /** Numbers of the frames that the datagram came in. */
  private fragments(at: number, { fragments, fragmentCount }: Outcome): number {
    const { writer } = this
    at = writer.short(this.moreRoom(at, fragmentCount * DECIMAL_ROOM), FRAGMENTS)
    for (let i = 0; i < fragmentCount; i++) {
      at = writer.decimal(at, fragments[i])
      writer.bytes[at++] = i === fragmentCount - 1 ? CLOSING_BRACKET : COMMA
    }
    return at
  }

  private json(at: number, value: string | null): number {
    const text = JSON.stringify(value)
    return this.writer.text(this.moreRoom(at, text.length * 3), text)
  }

  private answerOf(outcome: Outcome): Answer {
    const { state, direction, hook, verdict, rule } = outcome
    const label =
      ((state * DIRECTIONS.length + direction + 1) * (HOOK_NAMES.length + 1) + hook + 1) * VERDICT_NAMES.length +
      verdict
    const known = rule === null ? this.withoutRule : this.answersOfRule(rule)
    return known[label] ?? this.makeAnswer(known, label, outcome)
  }

  private answersOfRule(rule: RuleInfo): Answers {
    const rules = rule.family === 'ipv4' ? this.rules4 : this.rules6
    while (rules.length <= rule.id) rules.push([])
    return rules[rule.id]
  }

  private makeAnswer(known: Answers, label: number, { state, direction, hook, verdict, rule }: Outcome): Answer {
    const line = {
      ctstate: CTSTATE_NAMES[state],
      ctdir: DIRECTIONS[direction + 1],
      hook: hook < 0 ? null : HOOK_NAMES[hook],
      verdict: VERDICT_NAMES[verdict],
      rule: rule?.record ?? null,
      target: rule?.target || null,
      line: rule !== null && rule.line > 0 ? rule.line : null,
    }
    const toLine = `,${JSON.stringify(line).slice(1, -1)}`
    const made = { toLine: snippet(toLine), whole: snippet(`${toLine},"reason":null,"note":null`) }
    while (known.length < label) known.push(undefined)
    known[label] = made
    return made
  }
}
