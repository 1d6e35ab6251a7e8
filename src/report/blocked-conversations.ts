import type { Outcome } from '../netfilter/outcome.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'
import { grown } from '../wire/grown.ts'
import {
  IP_V6,
  P_DST,
  P_FAMILY,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  TCP_SYN,
} from '../wire/packet-fields.ts'
import { PROTO_TCP } from '../wire/protocols.ts'
import { icmpHasIdentifier, TRANSPORT_ICMP, TRANSPORT_PORTS, transportKind } from './transport-kind.ts'

/** Conversations remembered at most; later ones are only counted. */
export const CONVERSATIONS_MAX = 65_536

/** `protocol` of a conversation whose packets have no known protocol (P_PROTOCOL -1): the protocols end at 255. */
export const UNKNOWN_PROTOCOL = 256

/** Integers of a key: TRANSPORT_ << 24 | family << 16 | protocol, ports, lower address (4), higher address (4). */
const KEY_INTS = 10
const KEY_KIND = 0
const KEY_PORTS = 1
const KEY_LOW = 2
const KEY_HIGH = 6
/** KEY_PORTS of an ICMP message without identifier: this bit, and type << 8 | code. */
const ICMP_MESSAGE = 0x40000000

/** Counters of a conversation: packets dropped, and later packets that were accepted or undecided. */
const COUNTS = 3
const COUNT_ACCEPTED = 1
const COUNT_UNDECIDED = 2

/** Bits of a filter that answers quickly whether a conversation may be known. */
const FILTER_BITS = 1 << 16

/** A conversation that lost packets. */
export interface BlockedConversation {
  readonly family: number
  readonly protocol: number
  /** TRANSPORT_ kind: what distinguishes it from others between the same addresses. */
  readonly transport: number
  /** Addresses (words) and ports, as seen from the side that started it, as far as the tracker knows. */
  readonly source: Int32Array
  readonly destination: Int32Array
  readonly sourcePort: number
  readonly destinationPort: number
  /** ICMP: the identifier, or -1. */
  readonly identifier: number
  readonly firstFrame: number
  /** The rule that dropped its first dropped packet. */
  readonly rule: RuleInfo | null
  /** True when the first dropped packet was the first of its connection. */
  readonly fromTheStart: boolean
  /** Likewise, but of TCP without SYN: the capture lacks the beginning, or the tracker has forgotten the connection. */
  readonly inMidStream: boolean
  readonly dropped: number
  /** Later packets of both directions that were accepted, and that may have been. */
  readonly accepted: number
  readonly undecided: number
}

/**
 * The conversations (address and port pairs, both directions together) that lost packets: an open-addressing table of
 * integers that grows with what it holds, up to CONVERSATIONS_MAX.
 */
export class BlockedConversations {
  count = 0
  /** Dropped packets of conversations for which there was no room. */
  overflowPackets = 0
  #capacity = 256
  #keys = new Int32Array(this.#capacity * KEY_INTS)
  readonly #hashes = new Int32Array(CONVERSATIONS_MAX)
  #counts = new Float64Array(this.#capacity * COUNTS)
  readonly #firsts: {
    frame: number
    rule: RuleInfo | null
    fromTheStart: boolean
    inMidStream: boolean
    swapped: boolean
  }[] = []
  #index = new Int32Array(this.#capacity * 2)
  readonly #filter = new Int32Array(FILTER_BITS >>> 5)
  readonly #key = new Int32Array(KEY_INTS)
  /** The ends of the last key are in the opposite order to its packet. */
  #swapped = false

  /** Counts a packet that was accepted. Takes only a few operations if its conversation has lost no packet. */
  accepted(fields: Int32Array, base: number): void {
    this.#countLater(fields, base, COUNT_ACCEPTED)
  }

  undecided(fields: Int32Array, base: number): void {
    this.#countLater(fields, base, COUNT_UNDECIDED)
  }

  #countLater(fields: Int32Array, base: number, which: number): void {
    const hash = conversationHash(fields, base)
    if ((this.#filter[(hash & (FILTER_BITS - 1)) >>> 5] & (1 << (hash & 31))) === 0) return
    this.#fillKey(fields, base)
    const slot = this.#find(hash)
    if (slot >= 0) this.#counts[slot * COUNTS + which]++
  }

  /**
   * Counts a dropped packet.
   * @returns true when it is the first one of its conversation
   */
  dropped(outcome: Outcome, fromTheStart: boolean): boolean {
    const hash = conversationHash(outcome.fields, outcome.base)
    this.#fillKey(outcome.fields, outcome.base)
    const slot = this.#find(hash)
    if (slot >= 0) {
      this.#counts[slot * COUNTS]++
      return false
    }
    if (this.count === CONVERSATIONS_MAX) {
      this.overflowPackets++
      return false
    }
    this.#add(hash, outcome, fromTheStart)
    return true
  }

  /** The `most` conversations that lost the most packets; of these the ones with more packets, then the earlier ones. */
  largest(most: number): BlockedConversation[] {
    const slots = Array.from({ length: this.count }, (_, slot) => slot)
    const dropped = (slot: number): number => this.#counts[slot * COUNTS]
    const others = (slot: number): number =>
      this.#counts[slot * COUNTS + COUNT_ACCEPTED] + this.#counts[slot * COUNTS + COUNT_UNDECIDED]
    return slots
      .sort((a, b) => dropped(b) - dropped(a) || others(b) - others(a) || a - b)
      .slice(0, most)
      .map((slot) => this.#conversation(slot))
  }

  #conversation(slot: number): BlockedConversation {
    const key = this.#keys.subarray(slot * KEY_INTS, (slot + 1) * KEY_INTS)
    const first = this.#firsts[slot]
    const kind = key[KEY_KIND]
    const transport = kind >>> 24
    const ports = key[KEY_PORTS]
    const low = key.slice(KEY_LOW, KEY_HIGH)
    const high = key.slice(KEY_HIGH)
    return {
      family: (kind >>> 16) & 255,
      protocol: kind & 0xffff,
      transport,
      source: first.swapped ? high : low,
      destination: first.swapped ? low : high,
      sourcePort: first.swapped ? ports & 0xffff : ports >>> 16,
      destinationPort: first.swapped ? ports >>> 16 : ports & 0xffff,
      identifier: transport === TRANSPORT_ICMP && (ports & ICMP_MESSAGE) === 0 ? ports : -1,
      firstFrame: first.frame,
      rule: first.rule,
      fromTheStart: first.fromTheStart,
      inMidStream: first.inMidStream,
      dropped: this.#counts[slot * COUNTS],
      accepted: this.#counts[slot * COUNTS + COUNT_ACCEPTED],
      undecided: this.#counts[slot * COUNTS + COUNT_UNDECIDED],
    }
  }

  #fillKey(fields: Int32Array, base: number): void {
    const key = this.#key
    const words = fields[base + P_FAMILY] === IP_V6 ? 4 : 1
    const source = base + P_SRC
    const destination = base + P_DST
    const transport = transportKind(fields, base)
    const portsWord = fields[base + P_PORTS]
    let order = 0
    for (let i = 0; i < words && order === 0; i++) order = fields[source + i] - fields[destination + i]
    if (order === 0 && transport === TRANSPORT_PORTS) order = (portsWord >>> 16) - (portsWord & 0xffff)
    this.#swapped = order > 0
    const low = this.#swapped ? destination : source
    const high = this.#swapped ? source : destination
    for (let i = 0; i < 4; i++) {
      key[KEY_LOW + i] = i < words ? fields[low + i] : 0
      key[KEY_HIGH + i] = i < words ? fields[high + i] : 0
    }
    const protocol = fields[base + P_PROTOCOL]
    key[KEY_KIND] = (transport << 24) | (fields[base + P_FAMILY] << 16) | (protocol < 0 ? UNKNOWN_PROTOCOL : protocol)
    if (transport === TRANSPORT_PORTS) {
      key[KEY_PORTS] = this.#swapped ? (portsWord << 16) | (portsWord >>> 16) : portsWord
    } else if (transport === TRANSPORT_ICMP) {
      key[KEY_PORTS] = icmpHasIdentifier(fields, base) ? portsWord & 0xffff : ICMP_MESSAGE | (portsWord >>> 16)
    } else {
      key[KEY_PORTS] = 0
    }
  }

  #find(hash: number): number {
    const mask = this.#index.length - 1
    for (let at = spread(hash) & mask; ; at = (at + 1) & mask) {
      const slot = this.#index[at] - 1
      if (slot < 0) return -1
      if (this.#hashes[slot] === hash && this.#holdsKey(slot)) return slot
    }
  }

  #holdsKey(slot: number): boolean {
    const key = this.#key
    const keys = this.#keys
    for (let i = 0; i < KEY_INTS; i++) if (keys[slot * KEY_INTS + i] !== key[i]) return false
    return true
  }

  #add(hash: number, outcome: Outcome, fromTheStart: boolean): void {
    if (this.count === this.#capacity) this.#grow()
    const slot = this.count++
    this.#keys.set(this.#key, slot * KEY_INTS)
    this.#hashes[slot] = hash
    this.#counts[slot * COUNTS] = 1
    const swapped = this.#swapped !== (outcome.direction === 1)
    const inMidStream = fromTheStart && hasNoSyn(outcome)
    this.#firsts.push({ frame: outcome.frame, rule: outcome.rule, fromTheStart, inMidStream, swapped })
    this.#filter[(hash & (FILTER_BITS - 1)) >>> 5] |= 1 << (hash & 31)
    this.#link(hash, slot)
  }

  #link(hash: number, slot: number): void {
    const mask = this.#index.length - 1
    let at = spread(hash) & mask
    while (this.#index[at] !== 0) at = (at + 1) & mask
    this.#index[at] = slot + 1
  }

  #grow(): void {
    this.#capacity *= 2
    this.#keys = grown(this.#keys, new Int32Array(this.#capacity * KEY_INTS))
    this.#counts = grown(this.#counts, new Float64Array(this.#capacity * COUNTS))
    this.#index = new Int32Array(this.#capacity * 2)
    for (let slot = 0; slot < this.count; slot++) this.#link(this.#hashes[slot], slot)
  }
}

function hasNoSyn({ fields, base }: Outcome): boolean {
  return fields[base + P_PROTOCOL] === PROTO_TCP && ((fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & TCP_SYN) === 0
}

/**
 * A hash that is the same for both directions. Ports are left out where they may not be ports: that makes the hash
 * weaker, but never wrong.
 */
function conversationHash(fields: Int32Array, base: number): number {
  let addresses = fields[base + P_SRC] + fields[base + P_DST]
  if (fields[base + P_FAMILY] === IP_V6) {
    for (let i = 1; i < 4; i++)
      addresses = Math.imul(addresses, 31) + fields[base + P_SRC + i] + fields[base + P_DST + i]
  }
  const transport = transportKind(fields, base)
  const ports = fields[base + P_PORTS]
  const sum =
    transport === TRANSPORT_PORTS
      ? (ports >>> 16) + (ports & 0xffff)
      : transport === TRANSPORT_ICMP && icmpHasIdentifier(fields, base)
        ? ports & 0xffff
        : 0
  return spread(Math.imul(addresses, 0x9e3779b1) ^ Math.imul(sum + (fields[base + P_PROTOCOL] << 17), 0x85ebca6b))
}

function spread(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}
