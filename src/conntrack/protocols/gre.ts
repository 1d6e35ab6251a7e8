import { IP_V6, P_DST, P_FAMILY, P_L4_LENGTH, P_SRC } from '../../wire/packet-fields.ts'
import type { CurrentConnection } from '../current-connection.ts'
import { E_STATUS, ENTRY_INTS } from '../entry.ts'
import { IPS_ASSURED, IPS_SEEN_REPLY } from '../status.ts'
import type { Sysctls } from '../sysctls.ts'
import { perPolicy, type TimeoutPolicies } from '../timeout-policy.ts'

const ETHERTYPE_PPP = 0x880b
const VERSION_MASK = 0x07

/**
 * GRE keys: version 0 (RFC 2784) has none, version 1 (RFC 2637) has the call identifier of the receiving side. The
 * identifier of the other side stands only in the control connection; the PPTP helper puts it into the key map.
 */
export class GreKeyReader {
  /** Keys of the packet read last; they stand for source and destination port. */
  source = 0
  destination = 0
  /** Payload protocol of a packet that cannot be tracked. */
  payload = 0
  /** Control connection whose helper mapped the source key, -1 for none. */
  owner = -1
  readonly #sourceKeys = new Map<string, { readonly key: number; readonly owner: number }>()

  clear(): void {
    this.source = 0
    this.destination = 0
    this.payload = 0
    this.owner = -1
  }

  /** Reads the keys of the packet whose GRE header is at `at`. False for version 1 that does not carry PPP. */
  read(bytes: Uint8Array, at: number, fields: Int32Array, base: number): boolean {
    this.clear()
    const length = fields[base + P_L4_LENGTH]
    if (length < 8 || (bytes[at + 1] & VERSION_MASK) !== 1) return true
    this.payload = (bytes[at + 2] << 8) | bytes[at + 3]
    if (this.payload !== ETHERTYPE_PPP) return false
    this.destination = (bytes[at + 6] << 8) | bytes[at + 7]
    if (this.#sourceKeys.size > 0) {
      const words = fields[base + P_FAMILY] === IP_V6 ? 4 : 1
      const from = fields.subarray(base + P_SRC, base + P_SRC + words)
      const to = fields.subarray(base + P_DST, base + P_DST + words)
      const mapped = this.#sourceKeys.get(mapKey(from, to, this.destination))
      if (mapped !== undefined) {
        this.source = mapped.key
        this.owner = mapped.owner
      }
    }
    return true
  }

  /**
   * Packets from `from` to `to` with this call identifier get `key` as the key of their source, while `owner` lives.
   */
  map(from: readonly number[], to: readonly number[], callId: number, key: number, owner: number): void {
    this.#sourceKeys.set(mapKey(from, to, callId), { key, owner })
  }

  unmap(from: readonly number[], to: readonly number[], callId: number): void {
    this.#sourceKeys.delete(mapKey(from, to, callId))
  }
}

function mapKey(from: ArrayLike<number>, to: ArrayLike<number>, callId: number): string {
  return `${Array.from(from).join('.')}>${Array.from(to).join('.')}/${callId}`
}

/** GRE flows: short-lived until they are answered. */
export class GreTracker {
  readonly #current: CurrentConnection
  /** By timeout policy. */
  readonly #unrepliedNs: readonly number[]
  readonly #streamNs: readonly number[]

  constructor(current: CurrentConnection, sysctls: Sysctls, policies: TimeoutPolicies) {
    this.#current = current
    this.#unrepliedNs = perPolicy(sysctls, policies, (seconds) => seconds.nf_conntrack_gre_timeout * 1e9)
    this.#streamNs = perPolicy(sysctls, policies, (seconds) => seconds.nf_conntrack_gre_timeout_stream * 1e9)
  }

  track(): void {
    const current = this.#current
    const t = current.table.entries
    const e = current.id * ENTRY_INTS
    const isAnswered = (t[e + E_STATUS] & IPS_SEEN_REPLY) !== 0
    if (isAnswered) t[e + E_STATUS] |= IPS_ASSURED
    const timeoutNs = isAnswered ? this.#streamNs : this.#unrepliedNs
    current.refresh(timeoutNs[current.table.timeoutPolicyOf(current.id)])
  }
}
