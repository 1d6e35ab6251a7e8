import { transportChecksumState } from '../wire/checksum.ts'
import { isChecksumLeftToCard } from '../wire/offload.ts'
import { CHECKSUM_BAD, CHECKSUM_GOOD, P_CHECKSUM } from '../wire/packet-fields.ts'

/**
 * `--checksum`. verify: as the kernel does; auto: the same, but forgives sums that a network card would have filled in;
 * ignore: never.
 */
export type ChecksumOption = 'auto' | 'verify' | 'ignore'

/** Decides whether a packet's checksum matters, and counts forgiven ones for the report. */
export class ChecksumPolicy {
  readonly option: ChecksumOption
  /** `auto`: so many checksums of the capture are wrong that they mean nothing (inference/inference.ts). */
  unreliable = false
  /** Transport checksums that were left to the network card, and IPv4 header checksums of 0. */
  forgiven = 0

  constructor(option: ChecksumOption) {
    this.option = option
  }

  /** Whether the tracker is to verify the packet; a sum left to the card is marked good on the way. */
  verifies(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
    if (this.option === 'ignore' || this.unreliable) return false
    if (this.option === 'verify') return true
    if (transportChecksumState(bytes, fields, base) !== CHECKSUM_BAD) return false
    if (!isChecksumLeftToCard(bytes, fields, base)) return true
    this.forgiven++
    fields[base + P_CHECKSUM] = CHECKSUM_GOOD
    return false
  }

  /** Whether the tracker would refuse the packet for its checksum. */
  refuses(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
    return this.verifies(bytes, fields, base) && transportChecksumState(bytes, fields, base) === CHECKSUM_BAD
  }

  /** Whether a wrong IPv4 header checksum keeps the packet from netfilter. `field` is the checksum as sent. */
  refusesHeader(field: number): boolean {
    if (this.option === 'ignore' || this.unreliable) return false
    if (this.option === 'verify' || field !== 0) return true
    this.forgiven++
    return false
  }
}
