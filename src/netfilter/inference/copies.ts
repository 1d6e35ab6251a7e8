import {
  FRAME_FILE,
  FRAME_FLAG_NO_TIME,
  FRAME_FLAGS,
  FRAME_INTERFACE,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_NANOSECONDS,
  FRAME_OFFSET,
} from '../../capture/frame-batch.ts'
import type { PacketBatch } from '../../pipeline/packet-batch.ts'
import { cookedDevice } from '../../wire/cooked-header.ts'
import { mixIn } from '../../wire/flow-hash.ts'
import { LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 } from '../../wire/link-layer.ts'
import {
  IP_NONE,
  IP_V4,
  LINK_OTHERHOST,
  LINK_OUTGOING,
  LINK_UNKNOWN,
  NOTE_COPY,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_IP_ID,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_LINK,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_ACK,
  P_TCP_FLAGS_WINDOW,
  P_TCP_SEQ,
  P_TTL,
  PACKET_INTS,
} from '../../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP } from '../../wire/protocols.ts'
import { refuseAddressed } from '../../wire/refuse.ts'
import { addressWord } from './directed-flow.ts'
import { ForwardedFlows } from './forwarded-flows.ts'

/** Frames that are remembered: of those with the same place in the table, the latest. */
const SLOTS = 1 << 14
/** Integers per frame. */
const SLOT_INTS = 7
const S_HASH = 0
const S_MILLISECONDS = 1
const S_TTL = 2
const S_LINK = 3
const S_SRC = 4
const S_DST = 5
const S_DEVICE = 6

/** What a frame shows: a packet for the first time, on its next device, or on its way out. */
const FIRST = 0
const HANDED_ON = 1
const FORWARDED = 2

/** So long may a packet wait before it goes out: what shapes traffic holds it back. */
const FORWARDING_MS = 1000
/** Where the capture does not name the devices, a packet on its way from one to the other is not seen later than this. */
const HANDED_ON_MS = 1
/** Bytes of other protocols that are compared, behind eight bytes of header that NAT may have changed. */
const COMPARED_BYTES = 8

/**
 * Recognises frames that show a packet once more, as captures on several devices of a machine do (`tcpdump -i any`): a
 * forwarded packet going out, maybe translated; a packet on a device and on the bridge, bond or VLAN above it. The
 * kernel's rules meet it once.
 */
export class Copies {
  /** Frames with a datagram that were looked at, copies among them, and those of forwarded packets among the copies. */
  datagrams = 0
  copies = 0
  forwarded = 0

  readonly #slots = new Int32Array(SLOTS * SLOT_INTS)
  readonly #flows = new ForwardedFlows()
  #firstSecond = Number.NaN

  /** Turns copies into rows without a datagram, with NOTE_COPY. */
  remove(batch: PacketBatch): void {
    const { rows, count } = batch
    for (let i = 0; i < count; i++) {
      if (!this.isCopy(batch, i)) continue
      const base = i * PACKET_INTS
      refuseAddressed(rows, base, NOTE_COPY, rows[base + P_FAMILY], rows[base + P_PROTOCOL])
    }
  }

  /** To be asked once for each frame, in their order. */
  isCopy(batch: PacketBatch, index: number): boolean {
    const { info, rows, seconds } = batch
    const row = index * FRAME_INTS
    const base = index * PACKET_INTS
    const family = rows[base + P_FAMILY]
    if (family === IP_NONE || (info[row + FRAME_FLAGS] & FRAME_FLAG_NO_TIME) !== 0) return false
    this.datagrams++
    if (Number.isNaN(this.#firstSecond)) this.#firstSecond = seconds[index]
    const now = ((seconds[index] - this.#firstSecond) * 1000 + Math.trunc(info[row + FRAME_NANOSECONDS] / 1e6)) | 0
    const hash = hashOf(batch.bytes, rows, base)
    const device = deviceOf(batch, row)
    const slots = this.#slots
    const slot = (hash & (SLOTS - 1)) * SLOT_INTS
    const isOut = rows[base + P_LINK] === LINK_OUTGOING
    const sighting = slots[slot + S_HASH] === hash ? this.#sightingOf(rows, base, slot, now, device) : FIRST
    if (sighting === HANDED_ON) {
      this.copies++
      return true
    }
    if (sighting === FORWARDED || (isOut && this.#flows.has(rows, base, now))) {
      if (isOut) this.#flows.keep(rows, base, now)
      this.copies++
      this.forwarded++
      return true
    }
    slots[slot + S_HASH] = hash
    slots[slot + S_MILLISECONDS] = now
    slots[slot + S_TTL] = rows[base + P_TTL]
    slots[slot + S_LINK] = rows[base + P_LINK]
    slots[slot + S_SRC] = addressWord(rows, base + P_SRC, family)
    slots[slot + S_DST] = addressWord(rows, base + P_DST, family)
    slots[slot + S_DEVICE] = device
    return false
  }

  /** Whether the row goes to where the packet of this slot came from, or comes from where that one went. */
  #isBack(rows: Int32Array, base: number, slot: number, family: number): boolean {
    const source = addressWord(rows, base + P_SRC, family)
    return source === this.#slots[slot + S_DST] || addressWord(rows, base + P_DST, family) === this.#slots[slot + S_SRC]
  }

  /** Whether the row is the packet of this slot, which has the same hash, further on its way through the machine. */
  #sightingOf(rows: Int32Array, base: number, slot: number, now: number, device: number): number {
    const slots = this.#slots
    const age = now - slots[slot + S_MILLISECONDS]
    // The clocks of the processors are not quite the same.
    if (age < -HANDED_ON_MS || age > FORWARDING_MS) return FIRST
    const family = rows[base + P_FAMILY]
    const hasSource = slots[slot + S_SRC] === addressWord(rows, base + P_SRC, family)
    const hasDestination = slots[slot + S_DST] === addressWord(rows, base + P_DST, family)
    const link = rows[base + P_LINK]
    const linkBefore = slots[slot + S_LINK]
    const isMarked = link !== LINK_UNKNOWN && linkBefore !== LINK_UNKNOWN
    // Rules may set another TTL than one less, and translate both addresses. An answer may have the same content.
    const isSentOn = isMarked && link === LINK_OUTGOING && linkBefore !== LINK_OUTGOING
    if (isSentOn && (rows[base + P_PROTOCOL] === PROTO_TCP || !this.#isBack(rows, base, slot, family))) return FORWARDED
    if (rows[base + P_TTL] === slots[slot + S_TTL] - 1) {
      if (!hasSource && !hasDestination) return FIRST
      // What went out and comes in again is another packet, unless it is meant for another machine.
      if (isSentOn || !isMarked) return FORWARDED
      return link === LINK_OTHERHOST ? HANDED_ON : FIRST
    }
    if (rows[base + P_TTL] !== slots[slot + S_TTL] || !hasSource || !hasDestination) return FIRST
    if (device >= 0) return device === slots[slot + S_DEVICE] ? FIRST : HANDED_ON
    // Without identification it may be a second packet with the same content, such as another RST.
    const isDistinct = rows[base + P_IP_ID] !== 0 || link !== linkBefore
    return device === slots[slot + S_DEVICE] && isDistinct && age <= HANDED_ON_MS ? HANDED_ON : FIRST
  }
}

/**
 * What the frame names as its device: captures on all devices (version 2) do, and files of several interfaces. Negative
 * for any device: by the file, since one that is given twice holds no copies.
 */
function deviceOf({ bytes, info }: PacketBatch, row: number): number {
  const linkType = info[row + FRAME_LINK_TYPE]
  if (linkType === LINKTYPE_LINUX_SLL) return ~info[row + FRAME_FILE]
  if (linkType !== LINKTYPE_LINUX_SLL2) return info[row + FRAME_INTERFACE]
  return cookedDevice(bytes, info[row + FRAME_OFFSET])
}

/** Of what neither forwarding nor NAT changes. */
function hashOf(bytes: Uint8Array, rows: Int32Array, base: number): number {
  const protocol = rows[base + P_PROTOCOL]
  let hash = mixIn(rows[base + P_FAMILY], protocol)
  hash = mixIn(hash, rows[base + P_L3_LENGTH])
  hash = mixIn(hash, rows[base + P_FRAGMENT])
  // Linux numbers the fragments of IPv6 anew.
  if (rows[base + P_FAMILY] === IP_V4) hash = mixIn(hash, rows[base + P_IP_ID])
  if (protocol === PROTO_TCP) {
    hash = mixIn(hash, rows[base + P_TCP_SEQ])
    hash = mixIn(hash, rows[base + P_TCP_ACK])
    return mixIn(hash, rows[base + P_TCP_FLAGS_WINDOW])
  }
  // The identifier of an echo request may be translated, its sequence number is not.
  const at = rows[base + P_L4_OFFSET]
  const end = Math.min(at + 8 + COMPARED_BYTES, rows[base + P_L3_OFFSET] + rows[base + P_L3_CAPTURED])
  const isIcmp = protocol === PROTO_ICMP || protocol === PROTO_ICMPV6
  if (isIcmp) hash = mixIn(hash, rows[base + P_PORTS] >>> 16)
  for (let i = at + (isIcmp ? 6 : 8); i < end; i++) hash = mixIn(hash, bytes[i])
  return hash
}
