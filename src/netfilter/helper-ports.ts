import { HELPERS, type HelperPort, helperNumber } from '../conntrack/helpers/registry.ts'
import { IP_V6, P_FAMILY, P_PORTS, P_PROTOCOL } from '../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../wire/protocols.ts'

const NO_HELPER = -1

/** Helpers by destination port: `--helper auto`, `--helper tcp/2121=ftp`. */
export class HelperPorts {
  /** protocol << 16 | port -> number of the helper. */
  readonly #helpers = new Map<number, number>()

  constructor(ports: readonly HelperPort[]) {
    for (const one of ports) this.#helpers.set((one.protocol << 16) | one.port, helperNumber(one.helper))
  }

  /** Number of the helper that a connection opened by this packet gets, or -1. */
  helperFor(fields: Int32Array, base: number): number {
    if (this.#helpers.size === 0) return NO_HELPER
    const protocol = fields[base + P_PROTOCOL]
    if (protocol !== PROTO_TCP && protocol !== PROTO_UDP) return NO_HELPER
    const helper = this.#helpers.get((protocol << 16) | (fields[base + P_PORTS] & 0xffff)) ?? NO_HELPER
    return helper >= 0 && fields[base + P_FAMILY] === IP_V6 && !HELPERS[helper].ipv6 ? NO_HELPER : helper
  }
}
