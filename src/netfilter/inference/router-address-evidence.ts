import {
  P_DST,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  TCP_ACK,
  TCP_RST,
  TCP_SYN,
} from '../../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP } from '../../wire/protocols.ts'
import { directedFlowHash } from './directed-flow.ts'

const ECHO_REQUEST_V4 = 8
const ECHO_REQUEST_V6 = 128

/**
 * Whether a frame that leaves a router shows that its source is an address of the router. What the router translates
 * leaves with such an address in one direction (SNAT), but in the other with one that its clients have asked for and that
 * may be nobody's (DNAT). For the beginning of a capture only: it remembers all flows.
 */
export class RouterAddressEvidence {
  readonly #flowsIn = new Set<number>()

  /** A frame that came in. */
  cameIn(rows: Int32Array, base: number): void {
    this.#flowsIn.add(directedFlowHash(rows, base, P_SRC, P_DST, rows[base + P_PORTS]))
  }

  /**
   * For a frame that went out.
   * @param isCopy it shows a forwarded packet on its way out
   */
  showsOwnSource(rows: Int32Array, base: number, isCopy: boolean): boolean {
    const protocol = rows[base + P_PROTOCOL]
    const ports = rows[base + P_PORTS]
    if (protocol === PROTO_TCP) {
      const flags = rows[base + P_TCP_FLAGS_WINDOW] >>> 16
      // REJECT sends resets in the name of others.
      return isCopy ? (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN : (flags & TCP_RST) === 0
    }
    if (!isCopy) return true
    if (protocol === PROTO_ICMP) return ports >>> 24 === ECHO_REQUEST_V4
    if (protocol === PROTO_ICMPV6) return ports >>> 24 === ECHO_REQUEST_V6
    return !this.#flowsIn.has(directedFlowHash(rows, base, P_DST, P_SRC, (ports << 16) | (ports >>> 16)))
  }
}
