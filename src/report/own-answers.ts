import { isIcmpError } from '../conntrack/protocols/icmp-types.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import { networkWord } from '../wire/byte-view.ts'
import { mixIn } from '../wire/flow-hash.ts'
import {
  IP_V4,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  TCP_RST,
} from '../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP } from '../wire/protocols.ts'

/** Packets that are remembered: of those with the same place in the table, the latest. */
const SLOTS = 1 << 12
/** Words of an IPv6 address. */
const WORDS = 4
/** After type, code and checksum of an ICMP error, four bytes more; then the packet that it is about. */
const QUOTE = 8
/** From this type on, ICMPv6 messages are no errors. */
const NO_ERRORS_V6 = 128

/**
 * Counts INVALID packets that answer a rejected packet as REJECT does, or one that was not routed as the routing code
 * does: a capture of a working firewall shows these answers. The kernel attaches what it sends itself to the connection
 * of the packet that it answers, so that it is RELATED there.
 */
export class OwnAnswers {
  packets = 0
  firstFrame = 0
  /** Hashes of what an answer would show: the ends of the TCP connection, or those that the quoted packet has. */
  readonly #resets = new Int32Array(SLOTS)
  readonly #errors = new Int32Array(SLOTS)

  /** @param isRejected otherwise the packet was not routed */
  refused({ fields, base }: Outcome, isRejected: boolean): void {
    const family = fields[base + P_FAMILY]
    const quoted = hashOf(fields, base + P_SRC, base + P_DST, family, fields[base + P_PROTOCOL])
    this.#errors[quoted & (SLOTS - 1)] = quoted
    if (!isRejected || fields[base + P_PROTOCOL] !== PROTO_TCP) return
    const ports = fields[base + P_PORTS]
    const reset = hashOf(fields, base + P_DST, base + P_SRC, family, (ports << 16) | (ports >>> 16))
    this.#resets[reset & (SLOTS - 1)] = reset
  }

  invalid(outcome: Outcome): void {
    const { fields, base } = outcome
    const protocol = fields[base + P_PROTOCOL]
    const answers =
      protocol === PROTO_TCP
        ? this.#isReset(fields, base)
        : (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6) && this.#isError(outcome.frameBytes, fields, base)
    if (!answers) return
    this.packets++
    if (this.packets === 1) this.firstFrame = outcome.frame
  }

  #isReset(fields: Int32Array, base: number): boolean {
    if (((fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & TCP_RST) === 0) return false
    const hash = hashOf(fields, base + P_SRC, base + P_DST, fields[base + P_FAMILY], fields[base + P_PORTS])
    return this.#resets[hash & (SLOTS - 1)] === hash
  }

  #isError(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
    const family = fields[base + P_FAMILY]
    const isV4 = family === IP_V4
    const type = fields[base + P_PORTS] >>> 24
    if (isV4 ? !isIcmpError(type) : type >= NO_ERRORS_V6) return false
    const at = fields[base + P_L4_OFFSET] + QUOTE
    if (at + (isV4 ? 20 : 40) > fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED]) return false
    const protocol = bytes[at + (isV4 ? 9 : 6)]
    const words = isV4 ? 1 : WORDS
    let hash = protocol
    for (let i = 0, from = at + (isV4 ? 12 : 8); i < 2 * words; i++, from += 4)
      hash = mixIn(hash, networkWord(bytes, from))
    return this.#errors[hash & (SLOTS - 1)] === hash
  }
}

/** Of two addresses and one word more. */
function hashOf(fields: Int32Array, source: number, destination: number, family: number, word: number): number {
  const words = family === IP_V4 ? 1 : WORDS
  let hash = word
  for (let i = 0; i < words; i++) hash = mixIn(hash, fields[source + i])
  for (let i = 0; i < words; i++) hash = mixIn(hash, fields[destination + i])
  return hash
}
