import {
  FRAME_FLAG_INBOUND,
  FRAME_FLAG_OUTBOUND,
  FRAME_FLAGS,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_OFFSET,
} from '../../capture/frame-batch.ts'
import type { PacketBatch } from '../../pipeline/packet-batch.ts'
import { addressText } from '../../wire/address.ts'
import { transportChecksumState } from '../../wire/checksum.ts'
import { isOverLoopback } from '../../wire/cooked-header.ts'
import { isChecksumLeftToCard } from '../../wire/offload.ts'
import {
  CHECKSUM_BAD,
  CHECKSUM_GOOD,
  FRAGMENT_DEFRAG,
  IP_NONE,
  IP_V4,
  IP_V6,
  LINK_HOST,
  LINK_OUTGOING,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_LINK,
  P_PROTOCOL,
  P_SRC,
  P_TTL,
  PACKET_INTS,
} from '../../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { isLoopback, isMulticast } from '../address-kinds.ts'
import { Copies } from './copies.ts'
import { OwnMacs } from './own-macs.ts'
import { RouterAddressEvidence } from './router-address-evidence.ts'

/** Systems send with these TTLs; what was forwarded on its way has a smaller one. */
const INITIAL_TTLS: readonly number[] = [32, 64, 128, 255]

/** How the first frames use an address. */
export interface AddressUse {
  readonly text: string
  readonly family: number
  frames: number
  sent: number
  sentOut: number
  /** Frames that left with it and show that it is the machine's own (RouterAddressEvidence). */
  vouched: number
  sentIn: number
  receivedIn: number
  receivedOut: number
}

/** What the first frames of a capture show about the machine that it was taken on. Not on the hot path. */
export class FirstFrames {
  /** By address: of IPv4 its word, of IPv6 its text. */
  readonly uses = new Map<number | string, AddressUse>()
  /** Frames with a datagram, by IP_ family. */
  readonly frames: Record<number, number> = { [IP_V4]: 0, [IP_V6]: 0 }
  /** Those of them that the capture marks as sent or received. */
  marked = 0
  /** Verified transport checksums, and wrong ones among them. */
  checksumsSeen = 0
  checksumsWrong = 0
  readonly copies = new Copies()
  readonly #evidence = new RouterAddressEvidence()
  readonly #macs = new OwnMacs()
  /** What tells directions where the capture does not. */
  readonly #knownMacs: OwnMacs | null
  readonly #looked: { readonly batch: PacketBatch; readonly count: number }[] = []

  constructor(knownMacs: OwnMacs | null = null) {
    this.#knownMacs = knownMacs
  }

  /**
   * The same frames, with directions by the Ethernet addresses that forwarded packets leave with; for a capture that
   * marks none.
   */
  withDirections(): FirstFrames {
    const again = new FirstFrames(this.#macs)
    for (const { batch, count } of this.#looked) again.look(batch, count)
    return again
  }

  /** Looks at the next frames, which are the first `count` of a batch. The batch is looked at again later. */
  look(batch: PacketBatch, count: number): void {
    this.#looked.push({ batch, count })
    for (let i = 0; i < count; i++) if (batch.rows[i * PACKET_INTS + P_FAMILY] !== IP_NONE) this.#lookAt(batch, i)
  }

  #lookAt(batch: PacketBatch, i: number): void {
    const { uses } = this
    const fields = batch.rows
    const base = i * PACKET_INTS
    const family = fields[base + P_FAMILY]
    const { forwarded } = this.copies
    const isCopy = this.copies.isCopy(batch, i)
    if (this.copies.forwarded > forwarded) this.#macs.learn(batch.bytes, fields, base)
    const known = this.#knownMacs
    const row = i * FRAME_INTS
    const flags = batch.info[row + FRAME_FLAGS]
    const isOut =
      fields[base + P_LINK] === LINK_OUTGOING ||
      (flags & FRAME_FLAG_OUTBOUND) !== 0 ||
      known?.sent(batch.bytes, fields, base) === true
    const isIn = !isOut && (known !== null || fields[base + P_LINK] === LINK_HOST || (flags & FRAME_FLAG_INBOUND) !== 0)
    if (isOut || isIn) this.marked++
    this.frames[family]++
    const source = use(uses, fields, base + P_SRC, family)
    const destination = use(uses, fields, base + P_DST, family)
    source.frames++
    source.sent++
    if (destination !== source) destination.frames++
    if (isIn && isOverLoopback(batch.bytes, batch.info[row + FRAME_OFFSET], batch.info[row + FRAME_LINK_TYPE])) {
      // What the machine sent to itself comes in again, from its own address.
      if (!isLoopback(family, fields, base + P_SRC)) source.sentOut++
    } else if (isOut) {
      source.sentOut++
      destination.receivedOut++
      const mayBeOwn = known === null || isCopy || INITIAL_TTLS.includes(fields[base + P_TTL])
      if (mayBeOwn && this.#evidence.showsOwnSource(fields, base, isCopy)) source.vouched++
    } else if (isIn) {
      this.#evidence.cameIn(fields, base)
      source.sentIn++
      destination.receivedIn++
    }
    const protocol = fields[base + P_PROTOCOL]
    if ((protocol === PROTO_TCP || protocol === PROTO_UDP) && (fields[base + P_FRAGMENT] & FRAGMENT_DEFRAG) === 0) {
      const sum = transportChecksumState(batch.bytes, fields, base)
      if (sum === CHECKSUM_GOOD || sum === CHECKSUM_BAD) this.checksumsSeen++
      if (sum === CHECKSUM_BAD && !isChecksumLeftToCard(batch.bytes, fields, base)) this.checksumsWrong++
    }
  }
}

function use(uses: Map<number | string, AddressUse>, fields: Int32Array, at: number, family: number): AddressUse {
  const address = family === IP_V4 ? fields[at] : addressText(fields, at, family)
  let known = uses.get(address)
  if (known === undefined) {
    const text = typeof address === 'string' ? address : addressText(fields, at, family)
    known = { text, family, frames: 0, sent: 0, sentOut: 0, vouched: 0, sentIn: 0, receivedIn: 0, receivedOut: 0 }
    // A group is no machine's own address, however many packets go to it.
    if (isMulticast(family, fields, at)) known.sentIn = Number.POSITIVE_INFINITY
    uses.set(address, known)
  }
  return known
}
