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
import { ByteWriter, SLACK, type Snippet, snippet } from './byte-writer.ts'
import { protocolName } from './protocol-names.ts'
import { icmpHasIdentifier, TRANSPORT_ICMP, TRANSPORT_NONE, TRANSPORT_PORTS, transportKind } from './transport-key.ts'

/** More than a line can take, the rule and the free texts (reason, unknown, file name) not counted. */
const LINE_ROOM = 1024
/** Chunks smaller than this are only written when they have waited for a while (a live capture on a pipe). */
const WORTH_WRITING = 1 << 16
const PATIENCE_MILLISECONDS = 50

const FRAME = snippet('{"frame":')
const TIME = snippet(',"time":')
const SRC = snippet(',"src":"')
const DST = snippet('","dst":"')
const DPORT = snippet(',"dport":')
const LENGTH = snippet(',"length":')
const NO_ADDRESSES = snippet(',"src":null,"dst":null,"proto":null,"sport":null,"dport":null,"length":')
const NO_RULE = snippet(',"rule":null,"target":null,"line":null')
const NO_REASON_NO_NOTE = snippet(',"reason":null,"note":null')
const REASON = snippet(',"reason":')
const CONNECTION = snippet(',"connection":')
const ICMP_TYPE = snippet(',"icmpType":')
const ICMP_CODE = snippet(',"icmpCode":')
const ICMP_ID = snippet(',"icmpId":')
const REASON_FRAME = snippet(',"reasonFrame":')
const ASSUMES_FRAME = snippet(',"assumesFrame":')
const UNKNOWN = snippet(',"unknown":')
const FILE_FRAME = snippet(',"fileFrame":')
const END = snippet('}\n')

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
  /** `ctstate` to `verdict`, by what they hold; filled as they come up. */
  private readonly labels: (Snippet | undefined)[] = new Array(
    CTSTATE_NAMES.length * DIRECTIONS.length * (HOOK_NAMES.length + 1) * VERDICT_NAMES.length,
  )
  /** `rule` to `line` by RuleInfo.id, IPv4 and IPv6 rulesets apart. */
  private readonly rules4: (Snippet | undefined)[] = []
  private readonly rules6: (Snippet | undefined)[] = []

  constructor(output: ByteOutput, options: NdjsonOptions) {
    this.output = output
    this.files = options.files.length > 1 ? options.files.map((path) => snippet(`,"file":${JSON.stringify(path)}`)) : []
    this.writer = new ByteWriter(output.take())
  }

  packet(outcome: Outcome): void {
    const { writer } = this
    const { fields, base } = outcome
    const rule = outcome.rule === null ? NO_RULE : this.ruleSnippet(outcome.rule)
    let at = this.room(LINE_ROOM + rule.length)

    at = writer.decimal(writer.snippet(at, FRAME), outcome.frame)
    at = writer.time(writer.snippet(at, TIME), outcome.epochSeconds, outcome.nanoseconds, outcome.digits)

    const family = fields[base + P_FAMILY]
    let transport = TRANSPORT_NONE
    if (family === IP_NONE) {
      at = writer.snippet(at, NO_ADDRESSES)
    } else {
      at = writer.snippet(at, SRC)
      at = family === IP_V4 ? writer.ipv4(at, fields[base + P_SRC]) : writer.ipv6(at, fields, base + P_SRC)
      at = writer.snippet(at, DST)
      at = family === IP_V4 ? writer.ipv4(at, fields[base + P_DST]) : writer.ipv6(at, fields, base + P_DST)
      const protocol = fields[base + P_PROTOCOL]
      transport = transportKind(fields, base)
      if (transport === TRANSPORT_PORTS) {
        const ports = fields[base + P_PORTS]
        at = writer.decimal(writer.snippet(at, PROTO_PORTS[protocol]), ports >>> 16)
        at = writer.decimal(writer.snippet(at, DPORT), ports & 0xffff)
        at = writer.snippet(at, LENGTH)
      } else {
        at = writer.snippet(at, PROTO_NO_PORTS[protocol < 0 ? 256 : protocol])
      }
    }
    at = writer.decimal(at, outcome.wireLength)
    at = writer.snippet(at, this.labelSnippet(outcome))
    at = writer.snippet(at, rule)

    if (outcome.reason === 0 && outcome.note === NOTE_NONE) {
      at = writer.snippet(at, NO_REASON_NO_NOTE)
    } else {
      at = writer.snippet(at, REASON)
      at = this.json(at, reasonText(outcome.reason, outcome.reasonA, outcome.reasonB, outcome.reasonFrame))
      at = writer.snippet(at, NOTES[outcome.note] ?? NOTES[NOTE_NONE])
    }

    if (outcome.connectionNumber > 0) at = writer.decimal(writer.snippet(at, CONNECTION), outcome.connectionNumber)
    if (transport === TRANSPORT_ICMP) {
      const icmp = fields[base + P_PORTS]
      at = writer.decimal(writer.snippet(at, ICMP_TYPE), icmp >>> 24)
      at = writer.decimal(writer.snippet(at, ICMP_CODE), (icmp >>> 16) & 255)
      if (icmpHasIdentifier(fields, base)) at = writer.decimal(writer.snippet(at, ICMP_ID), icmp & 0xffff)
    }
    if (outcome.possibleVerdicts !== 0) at = writer.snippet(at, POSSIBLE[outcome.possibleVerdicts])
    if (outcome.unknownText !== null) at = this.json(writer.snippet(at, UNKNOWN), outcome.unknownText)
    if (outcome.reasonFrame > 0) at = writer.decimal(writer.snippet(at, REASON_FRAME), outcome.reasonFrame)
    if (outcome.dropHook >= 0) at = writer.snippet(at, DROP_HOOKS[outcome.dropHook])
    if (outcome.assumesFrame > 0) at = writer.decimal(writer.snippet(at, ASSUMES_FRAME), outcome.assumesFrame)
    if (this.files.length > 0) {
      const file = this.files[outcome.file]
      at = writer.snippet(this.moreRoom(at, file.length), file)
      at = writer.decimal(writer.snippet(at, FILE_FRAME), outcome.fileFrame)
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

  private json(at: number, value: string | null): number {
    const text = JSON.stringify(value)
    return this.writer.text(this.moreRoom(at, text.length * 3), text)
  }

  private labelSnippet(outcome: Outcome): Snippet {
    const { state, direction, hook, verdict } = outcome
    const index =
      ((state * DIRECTIONS.length + direction + 1) * (HOOK_NAMES.length + 1) + hook + 1) * VERDICT_NAMES.length +
      verdict
    return this.labels[index] ?? this.makeLabel(index, outcome)
  }

  private makeLabel(index: number, { state, direction, hook, verdict }: Outcome): Snippet {
    const text = (value: string | null): string => JSON.stringify(value)
    const label = snippet(
      `,"ctstate":${text(CTSTATE_NAMES[state])},"ctdir":${text(DIRECTIONS[direction + 1])}` +
        `,"hook":${text(hook < 0 ? null : HOOK_NAMES[hook])},"verdict":${text(VERDICT_NAMES[verdict])}`,
    )
    this.labels[index] = label
    return label
  }

  private ruleSnippet(rule: RuleInfo): Snippet {
    const known = rule.family === 'ipv4' ? this.rules4 : this.rules6
    return known[rule.id] ?? this.makeRule(known, rule)
  }

  private makeRule(known: (Snippet | undefined)[], rule: RuleInfo): Snippet {
    while (known.length < rule.id) known.push(undefined)
    const made = snippet(
      `,"rule":${JSON.stringify(rule.record)},"target":${JSON.stringify(rule.target === '' ? null : rule.target)}` +
        `,"line":${rule.line > 0 ? rule.line : null}`,
    )
    known[rule.id] = made
    return made
  }
}
