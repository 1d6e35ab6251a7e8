import {
  FRAME_CAPTURED,
  FRAME_FILE,
  FRAME_FLAGS,
  FRAME_INTERFACE,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_NANOSECONDS,
  FRAME_OFFSET,
  FRAME_WIRE_LENGTH,
  type FrameBatch,
} from '../../src/capture/frame-batch.ts'
import { ConnectionReader } from '../../src/conntrack/connection-reader.ts'
import type { HelperPort } from '../../src/conntrack/helpers/registry.ts'
import { reasonText } from '../../src/conntrack/reasons.ts'
import { sysctlsWith } from '../../src/conntrack/sysctls.ts'
import type { TimeoutPolicy } from '../../src/conntrack/timeout-policy.ts'
import { type ChecksumOption, ChecksumPolicy } from '../../src/netfilter/checksum-policy.ts'
import { NO_WAY } from '../../src/netfilter/fast-path/flow-cache.ts'
import { Machine } from '../../src/netfilter/machine.ts'
import { CTSTATE_NAMES, Outcome } from '../../src/netfilter/outcome.ts'
import { Topology, type TopologyOptions } from '../../src/netfilter/topology.ts'
import { decodeBatch } from '../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../src/pipeline/packet-batch.ts'
import { compileRuleset, parseRuleset, RuleMemory, TimeoutNames } from '../../src/ruleset/index.ts'
import { HOOK_NAMES } from '../../src/ruleset/packet/hooks.ts'
import { VERDICT_NAMES } from '../../src/ruleset/packet/rule-packet.ts'
import type { CompiledRuleset } from '../../src/ruleset/ruleset.ts'
import { addressText } from '../../src/wire/address.ts'
import { IP_V4, IP_V6, NOTE_NAMES } from '../../src/wire/packet-fields.ts'

export interface Setting extends Partial<TopologyOptions> {
  rules?: string
  rules6?: string
  /** Stands in for `rules`. */
  ruleset4?: CompiledRuleset
  sysctls?: Readonly<Record<string, string | number>>
  checksum?: ChecksumOption
  helperPorts?: readonly HelperPort[]
  fastPath?: boolean
  timeoutPolicies?: readonly TimeoutPolicy[]
  assume?: Readonly<Record<string, boolean>>
}

/** What the capture says of a frame beside its bytes. */
export interface FrameSettings {
  linkType?: number
  /** FRAME_FLAG_ bits. */
  flags?: number
  /** Bytes that the capture holds. */
  captured?: number
  /** Seconds since the replay's start; the replay's own clock by default. */
  time?: number
}

const LINK_TYPE_RAW = 101
export const EPOCH = 1_700_000_000

/** Puts one frame more into a batch. */
export function addFrame(batch: FrameBatch, packet: Uint8Array, settings: FrameSettings = {}): void {
  const last = (batch.count - 1) * FRAME_INTS
  const offset = batch.count === 0 ? 0 : batch.info[last + FRAME_OFFSET] + batch.info[last + FRAME_CAPTURED]
  const captured = settings.captured ?? packet.length
  const time = settings.time ?? 0
  const row = batch.count * FRAME_INTS
  batch.bytes.set(packet.subarray(0, captured), offset)
  batch.info[row + FRAME_OFFSET] = offset
  batch.info[row + FRAME_CAPTURED] = captured
  batch.info[row + FRAME_WIRE_LENGTH] = packet.length
  batch.info[row + FRAME_NANOSECONDS] = Math.round((time - Math.floor(time)) * 1e9)
  batch.info[row + FRAME_LINK_TYPE] = settings.linkType ?? LINK_TYPE_RAW
  batch.info[row + FRAME_INTERFACE] = 0
  batch.info[row + FRAME_FLAGS] = settings.flags ?? 0
  batch.info[row + FRAME_FILE] = 0
  batch.seconds[batch.count] = EPOCH + Math.floor(time)
  batch.count++
}

/** An outcome on one line: label, hook, verdict, deciding rule, note; what there is of it. */
export function outcomeText(outcome: Outcome): string {
  const label = CTSTATE_NAMES[outcome.state]
  const words = [
    label === null ? null : label + (outcome.direction === 1 ? '/reply' : ''),
    HOOK_NAMES[outcome.hook] ?? null,
    VERDICT_NAMES[outcome.verdict],
    outcome.rule?.record ?? null,
    NOTE_NAMES[outcome.note],
  ]
  return words.filter((word) => word !== null).join(' ')
}

/** A machine spoken to in packets, on a clock of its own: a router without rules unless told otherwise. */
export class Replaying {
  readonly machine: Machine
  readonly outcome = new Outcome()
  readonly checksums: ChecksumPolicy
  readonly ruleset4: CompiledRuleset | null
  /** Seconds since the start. */
  now = 0
  readonly #batch = new PacketBatch(1)

  constructor(setting: Setting = {}) {
    const topology = new Topology({ mode: 'router', local: [], interfaces: [], ...setting })
    const sysctls = Object.entries(setting.sysctls ?? {}).map(([name, value]) => [name, String(value)] as const)
    const memory = new RuleMemory()
    this.checksums = new ChecksumPolicy(setting.checksum ?? 'verify')
    const compiled = (text: string | undefined, name: string, family: 'ipv4' | 'ipv6') =>
      text === undefined
        ? null
        : compileRuleset(parseRuleset(text, name, family), topology, {
            memory,
            timeoutPolicies: setting.timeoutPolicies,
            assume: new Map(Object.entries(setting.assume ?? {})),
          })
    this.ruleset4 = setting.ruleset4 ?? compiled(setting.rules, 'rules.v4', 'ipv4')
    const ruleset6 = compiled(setting.rules6, 'rules.v6', 'ipv6')
    const timeouts = memory.shared(TimeoutNames, '', () => new TimeoutNames([]))
    this.machine = new Machine({
      topology,
      sysctls: sysctlsWith(new Map(sysctls)),
      checksums: this.checksums,
      ruleset4: this.ruleset4,
      ruleset6,
      timeoutPolicies: timeouts.policies(),
      helperPorts: setting.helperPorts ?? [],
      fastPath: setting.fastPath,
    })
  }

  /** What becomes of a frame (raw IP by default), as `outcomeText` says it. */
  say(packet: Uint8Array, settings: FrameSettings = {}): string {
    this.#batch.count = 0
    addFrame(this.#batch, packet, { time: this.now, ...settings })
    decodeBatch(this.#batch)
    this.machine.approach(this.#batch, 0, 1)
    this.machine.process(this.#batch, 0, this.outcome)
    return outcomeText(this.outcome)
  }

  /** Whether a packet takes the short way. */
  goesShort(packet: Uint8Array): boolean {
    this.#batch.count = 0
    addFrame(this.#batch, packet, { time: this.now })
    decodeBatch(this.#batch)
    this.machine.approach(this.#batch, 0, 1)
    const way = this.machine.advance(this.#batch, 0)
    this.machine.describe(this.#batch, 0, way, this.outcome)
    return way !== NO_WAY
  }

  sayAll(packets: readonly Uint8Array[]): string[] {
    return packets.map((packet) => this.say(packet))
  }

  /** As many packets as a machine looks at together, each so many seconds after the one before. Tells `told` of each. */
  sayTogether(packets: readonly { readonly bytes: Uint8Array; readonly gap: number }[], told: () => void): void {
    const batch = new PacketBatch(packets.length)
    for (const { bytes, gap } of packets) {
      this.now += gap
      addFrame(batch, bytes, { time: this.now })
    }
    decodeBatch(batch)
    this.machine.approach(batch, 0, batch.count)
    for (let index = 0; index < batch.count; index++) {
      this.machine.process(batch, index, this.outcome)
      told()
    }
  }

  wait(seconds: number): this {
    this.now += seconds
    return this
  }

  /** Why the last packet was INVALID, ignored or dropped; null for nothing to say. */
  get reason(): string | null {
    const { reason, reasonA, reasonB, reasonFrame } = this.outcome
    return reasonText(reason, reasonA, reasonB, reasonFrame)
  }

  /** Connections that can be found. */
  get live(): number {
    return this.machine.tracker.current.table.count
  }

  /** Where the last packet's connection sends its answers: 'SOURCE:PORT>DESTINATION:PORT' of the reply tuple. */
  get answers(): string {
    const { current } = this.machine.tracker
    const read = new ConnectionReader(current.table)
    const family = read.isIpv6(current.id) ? IP_V6 : IP_V4
    const end = (destination: boolean) => {
      const words = Int32Array.from([0, 1, 2, 3], (i) => read.address(current.id, true, destination, i))
      const address = addressText(words, 0, family)
      return `${family === IP_V6 ? `[${address}]` : address}:${read.port(current.id, true, destination)}`
    }
    return `${end(false)}>${end(true)}`
  }
}

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}

/** A table with the policy ACCEPT in all its chains, as iptables-save writes it. */
export function table(name: string, ...rules: string[]): string {
  const chains = CHAINS[name].map((chain) => `:${chain} ACCEPT [0:0]`)
  return [`*${name}`, ...chains, ...rules, 'COMMIT', ''].join('\n')
}
