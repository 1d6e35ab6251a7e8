import { FRAGMENT_HEADER_LENGTH } from '../wire/extension-headers.ts'
import { decodeDatagram } from '../wire/frame.ts'
import { ETHERNET_HEADER, MAC_SOURCE_ALONE, macOffset } from '../wire/mac.ts'
import {
  FRAGMENT_DONT,
  FRAGMENT_MORE,
  FRAGMENT_OFFSET_MASK,
  FRAGMENT_REASSEMBLED,
  IP_V4,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_LINK,
  P_MAC_OFFSET,
  P_PROTOCOL,
  P_SRC,
  P_TOS,
  P_VLAN,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import { buildIpv4, buildIpv6, DATAGRAM_MAX } from './assembly.ts'
import { type FragmentQueue, INSERT_DUPLICATE, INSERTED } from './fragment-queue.ts'
import { FragmentStore } from './fragment-store.ts'
import { FragmentTable } from './fragment-table.ts'
import { isFirstTooShort, locateFragmentHeader } from './ipv6-fragment.ts'
import { kernelMemory } from './kernel-memory.ts'
import { SourceDistance } from './source-distance.ts'

/** The fragment is kept until its datagram is whole. */
export const DEFRAG_QUEUED = 0
/** The fragment is thrown away: a duplicate, an overlap, a contradiction to the others, or no memory. */
export const DEFRAG_DROPPED = 1
/** The fragment completes its datagram: see `Defragmenter.bytes`, `fields` and `base`. */
export const DEFRAG_COMPLETE = 2
/** Linux leaves this fragment alone and lets it go on as it is; with an offset it is INVALID to the tracker. */
export const DEFRAG_PASS = 3

/** Linux' sysctls for defragmentation, by their names; times in seconds, memory in bytes. */
export interface DefragOptions {
  readonly 'net.ipv4.ipfrag_time': number
  readonly 'net.ipv4.ipfrag_high_thresh': number
  readonly 'net.ipv4.ipfrag_max_dist': number
  readonly nf_conntrack_frag6_timeout: number
  readonly nf_conntrack_frag6_high_thresh: number
}

/** Room in front of the datagram for the completing frame's Ethernet header; 16, so that the datagram is aligned. */
const DATAGRAM_START = 16

/**
 * Puts fragments together as Linux does in front of its tracker (nf_defrag_ipv4, nf_defrag_ipv6). Its memory is bounded
 * by the high_thresh limits. Time is the replay's: datagrams time out when later fragments come.
 */
export class Defragmenter {
  /** The datagram completed last; valid until the next `add`. */
  readonly bytes = new Uint8Array(DATAGRAM_START + DATAGRAM_MAX)
  /** Its header fields, with FRAGMENT_REASSEMBLED; link fields are those of the completing frame. */
  readonly fields = new Int32Array(PACKET_INTS)
  readonly base = 0
  /** Numbers of the frames that it came in, in order of arrival: frames[0 … frameCount). */
  frames = new Float64Array(0)
  frameCount = 0

  readonly #store = new FragmentStore()
  readonly #sources: SourceDistance
  readonly #ipv4: FragmentTable
  readonly #ipv6: FragmentTable

  constructor(options: DefragOptions) {
    this.#sources = new SourceDistance(options['net.ipv4.ipfrag_max_dist'])
    this.#ipv4 = new FragmentTable(
      this.#store,
      1,
      options['net.ipv4.ipfrag_time'],
      options['net.ipv4.ipfrag_high_thresh'],
      this.#sources,
    )
    this.#ipv6 = new FragmentTable(
      this.#store,
      4,
      options.nf_conntrack_frag6_timeout,
      options.nf_conntrack_frag6_high_thresh,
      null,
    )
  }

  /** Datagrams that are unfinished now. */
  get pending(): number {
    return this.#ipv4.size + this.#ipv6.size
  }

  /** Bytes held for payloads. */
  get storeBytes(): number {
    return this.#store.byteLength
  }

  /**
   * Takes a fragment: a row with (P_FRAGMENT & FRAGMENT_DEFRAG) !== 0. Returns a DEFRAG_ code. A completed datagram
   * whose transport header the capture does not hold comes with P_NOTE NOTE_CUT, like such a frame.
   *
   * @param nowNs the replay's clock, which never runs backwards
   * @param frame number of the frame
   * @param iface interface the frame came in by; keeps link-local IPv6 datagrams of several links apart
   */
  add(bytes: Uint8Array, fields: Int32Array, base: number, nowNs: number, frame: number, iface = 0): number {
    return fields[base + P_FAMILY] === IP_V4
      ? this.#addIpv4(bytes, fields, base, nowNs, frame)
      : this.#addIpv6(bytes, fields, base, nowNs, frame, iface)
  }

  #addIpv4(bytes: Uint8Array, fields: Int32Array, base: number, nowNs: number, frame: number): number {
    const table = this.#ipv4
    table.expire(nowNs)
    const queue = table.find(fields, base, fields[base + P_PROTOCOL], nowNs)
    if (queue === null) return DEFRAG_DROPPED
    const count = this.#sources.count(fields[base + P_SRC])
    if (!queue.isEmpty && this.#sources.isTooFar(queue.sourceCount, count)) table.restart(queue, nowNs)
    queue.sourceCount = count

    const l3 = fields[base + P_L3_OFFSET]
    const payload = fields[base + P_L4_OFFSET]
    const headerLength = payload - l3
    const fragment = fields[base + P_FRAGMENT]
    const offset = (fragment & FRAGMENT_OFFSET_MASK) << 3
    let end = offset + fields[base + P_L3_LENGTH] - headerLength
    let agrees = true
    if ((fragment & FRAGMENT_MORE) === 0) agrees = announceLast(queue, end)
    else {
      // Only the last fragment may have any length; the kernel cuts the others to a multiple of eight.
      end &= ~7
      agrees = announceMore(queue, end)
    }
    if (!agrees || end === offset) return this.#giveUp(table, queue)
    const result = queue.reserve(offset, end)
    if (result === INSERT_DUPLICATE) return DEFRAG_DROPPED
    if (result !== INSERTED) return this.#giveUp(table, queue)

    const held = Math.min(l3 + fields[base + P_L3_CAPTURED] - payload, end - offset)
    queue.keep(this.#store, bytes, payload, held, offset, end)
    if (offset === 0) {
      queue.firstSeen = true
      queue.keepHeader(bytes, l3, headerLength)
    }
    const size = end - offset + headerLength
    if (size > queue.largest) queue.largest = size
    if ((fragment & FRAGMENT_DONT) !== 0 && size > queue.largestWithDf) queue.largestWithDf = size
    this.#account(table, queue, fields, base, frame)
    return queue.isComplete ? this.#complete(table, queue, bytes, fields, base) : DEFRAG_QUEUED
  }

  #addIpv6(bytes: Uint8Array, fields: Int32Array, base: number, nowNs: number, frame: number, iface: number): number {
    const table = this.#ipv6
    const l3 = fields[base + P_L3_OFFSET]
    const l3End = l3 + fields[base + P_L3_CAPTURED]
    // A jumbogram, whose payload length is 0, is never put together.
    if (bytes[l3 + 4] === 0 && bytes[l3 + 5] === 0) return DEFRAG_PASS
    const header = locateFragmentHeader(bytes, l3, l3End)
    if (header < 0) return DEFRAG_DROPPED
    if (isFirstTooShort(fields, base)) return DEFRAG_PASS
    table.expire(nowNs)
    const queue = table.find(fields, base, isScoped(fields[base + P_DST]) ? iface : 0, nowNs)
    if (queue === null) return DEFRAG_DROPPED
    const payload = header + FRAGMENT_HEADER_LENGTH
    const fragment = fields[base + P_FRAGMENT]
    const offset = (fragment & FRAGMENT_OFFSET_MASK) << 3
    const end = offset + l3 + fields[base + P_L3_LENGTH] - payload
    if (end > 0xffff) return DEFRAG_DROPPED
    let agrees = true
    if ((fragment & FRAGMENT_MORE) === 0) agrees = announceLast(queue, end)
    else if ((end & 7) !== 0) {
      this.#giveUp(table, queue)
      return DEFRAG_PASS
    } else agrees = announceMore(queue, end)
    // Unlike in IPv4, only the fragment that does not fit is thrown away; the datagram stays.
    if (!agrees || end === offset) return DEFRAG_DROPPED
    const result = queue.reserve(offset, end)
    if (result === INSERT_DUPLICATE) return DEFRAG_DROPPED
    if (result !== INSERTED) return this.#giveUp(table, queue)

    queue.keep(this.#store, bytes, payload, Math.min(l3End - payload, end - offset), offset, end)
    if (offset === 0) {
      queue.firstSeen = true
      queue.keepHeader(bytes, l3, payload - l3)
    }
    this.#account(table, queue, fields, base, frame)
    return queue.isComplete ? this.#complete(table, queue, bytes, fields, base) : DEFRAG_QUEUED
  }

  #account(table: FragmentTable, queue: FragmentQueue, fields: Int32Array, base: number, frame: number): void {
    table.charge(queue, kernelMemory(fields[base + P_L3_LENGTH]))
    queue.ecn |= 1 << (fields[base + P_TOS] & 3)
    queue.noteFrame(frame)
  }

  #giveUp(table: FragmentTable, queue: FragmentQueue): number {
    table.kill(queue)
    queue.clear(this.#store)
    return DEFRAG_DROPPED
  }

  #complete(table: FragmentTable, queue: FragmentQueue, bytes: Uint8Array, fields: Int32Array, base: number): number {
    table.kill(queue)
    const build = fields[base + P_FAMILY] === IP_V4 ? buildIpv4 : buildIpv6
    const length = build(queue, this.#store, this.bytes, DATAGRAM_START)
    const known = Math.min(length, queue.firstUnknown + length - queue.length)
    if (length < 0) {
      queue.clear(this.#store)
      return DEFRAG_DROPPED
    }
    this.frameCount = queue.frameCount
    if (this.frames.length < queue.frameCount) this.frames = new Float64Array(queue.frames.length)
    for (let i = 0; i < queue.frameCount; i++) this.frames[i] = queue.frames[i]
    queue.clear(this.#store)

    const own = this.fields
    const mac = macOffset(fields, base)
    own[P_LINK] = fields[base + P_LINK]
    own[P_VLAN] = fields[base + P_VLAN]
    own[P_MAC_OFFSET] =
      mac < 0 ? -1 : (fields[base + P_MAC_OFFSET] & MAC_SOURCE_ALONE) | (DATAGRAM_START - ETHERNET_HEADER)
    if (mac >= 0) this.bytes.set(bytes.subarray(mac, mac + ETHERNET_HEADER), DATAGRAM_START - ETHERNET_HEADER)
    decodeDatagram(this.bytes, DATAGRAM_START, known, own, 0)
    own[P_FRAGMENT] |= FRAGMENT_REASSEMBLED
    return DEFRAG_COMPLETE
  }
}

/** The last fragment says where the datagram ends. False when that contradicts what is known. */
function announceLast(queue: FragmentQueue, end: number): boolean {
  if (end < queue.length || (queue.lastSeen && end !== queue.length)) return false
  queue.lastSeen = true
  queue.length = end
  return true
}

/** A fragment that is not the last goes up to `end`. False when it goes beyond the datagram's known end. */
function announceMore(queue: FragmentQueue, end: number): boolean {
  if (end > queue.length) {
    if (queue.lastSeen) return false
    queue.length = end
  }
  return true
}

/** Multicast and link-local addresses have a meaning only on their own link. */
function isScoped(firstWord: number): boolean {
  return firstWord >>> 24 === 0xff || firstWord >>> 22 === 0xfe80 >>> 6
}
