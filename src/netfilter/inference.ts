import {
  FRAME_FLAG_INBOUND,
  FRAME_FLAG_OUTBOUND,
  FRAME_FLAGS,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_OFFSET,
} from '../capture/frame-batch.ts'
import type { PacketBatch } from '../pipeline/packet-batch.ts'
import { addressText } from '../wire/address.ts'
import { transportChecksumState } from '../wire/checksum.ts'
import { isOverLoopback } from '../wire/cooked-header.ts'
import { isChecksumLeftToCard } from '../wire/offload.ts'
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
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../wire/protocols.ts'
import { isLoopback, isMulticast } from './address-kinds.ts'
import { Copies } from './copies.ts'
import { OwnWord } from './own-word.ts'
import type { Mode } from './topology.ts'

/** An address on this share of the frames is the capturing host's. */
const NEARLY_EVERY = 0.95
/** Fewer frames than this say nothing about who captured them. */
const FRAMES_NEEDED = 10
/**
 * If more than this share of the checksums is wrong, they say nothing about damage: addresses were rewritten, or the
 * sender offloads.
 */
const WRONG_SUMS_MEAN_NOTHING = 0.3
/** So many copies, and such a share of the frames, do not happen by chance. */
const COPIES_NEEDED = 3
const COPIES_SHARE = 0.02

/** What becomes of frames that show a packet once more (Copies). */
export type CopiesOption = 'auto' | 'keep' | 'skip'

/** What the beginning of a capture shows about the machine that it was taken on. */
export interface Inference {
  readonly mode: Mode
  readonly local: readonly string[]
  /** Why, as a clause: "the capture marks what this machine sent and received". */
  readonly because: string
  readonly checksumsUnreliable: boolean
  /** Frames with a datagram, and those of them that show a packet once more (Copies); 0 where that may be chance. */
  readonly datagrams: number
  readonly copies: number
  /** Copies are left out. */
  readonly skipsCopies: boolean
  /** The machine forwards: it is inferred from packets that the capture shows as they came and as they left. */
  readonly forwards: boolean
  /** Verified transport checksums, and wrong ones among them. */
  readonly checksumsSeen: number
  readonly checksumsWrong: number
}

interface AddressUse {
  readonly text: string
  readonly family: number
  frames: number
  sent: number
  sentOut: number
  /** Frames that left with it, and not as what a translated answer looks like (OwnWord). */
  vouched: number
  sentIn: number
  receivedIn: number
  receivedOut: number
}

/**
 * Looks at the first frames of a capture. Not on the hot path.
 * @param limit frames to look at, of those in the batches
 * @param copiesOption whether to leave out what shows a packet once more; `auto` does so where the capture marks such
 * frames as sent on
 */
export function inferFrom(batches: readonly PacketBatch[], limit: number, copiesOption: CopiesOption): Inference {
  let left = limit
  const uses = new Map<number | string, AddressUse>()
  const frames = { [IP_V4]: 0, [IP_V6]: 0 } as Record<number, number>
  let marked = 0
  let checksumsSeen = 0
  let checksumsWrong = 0
  const copies = new Copies()
  const flows = new OwnWord()
  for (const batch of batches) {
    const fields = batch.rows
    for (let i = 0; i < batch.count && left > 0; i++, left--) {
      const base = i * PACKET_INTS
      const family = fields[base + P_FAMILY]
      if (family === IP_NONE) continue
      const isCopy = copies.isCopy(batch, i)
      const row = i * FRAME_INTS
      const flags = batch.info[row + FRAME_FLAGS]
      const isOut = fields[base + P_LINK] === LINK_OUTGOING || (flags & FRAME_FLAG_OUTBOUND) !== 0
      const isIn = !isOut && (fields[base + P_LINK] === LINK_HOST || (flags & FRAME_FLAG_INBOUND) !== 0)
      if (isOut || isIn) marked++
      frames[family]++
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
        if (flows.isOwnWord(fields, base, isCopy)) source.vouched++
      } else if (isIn) {
        flows.cameIn(fields, base)
        source.sentIn++
        destination.receivedIn++
      }
      const protocol = fields[base + P_PROTOCOL]
      if ((protocol === PROTO_TCP || protocol === PROTO_UDP) && (fields[base + P_FRAGMENT] & FRAGMENT_DEFRAG) === 0) {
        const sum = transportChecksumState(batch.bytes, fields, base)
        if (sum === CHECKSUM_GOOD || sum === CHECKSUM_BAD) checksumsSeen++
        if (sum === CHECKSUM_BAD && !isChecksumLeftToCard(batch.bytes, fields, base)) checksumsWrong++
      }
    }
  }
  const checksumsUnreliable = checksumsWrong > FRAMES_NEEDED && checksumsWrong > checksumsSeen * WRONG_SUMS_MEAN_NOTHING
  const showsCopies = copies.copies >= Math.max(COPIES_NEEDED, copies.datagrams * COPIES_SHARE)
  const showsForwarding = showsCopies && copies.forwarded >= COPIES_NEEDED
  const skipsCopies = copiesOption === 'skip' || (copiesOption === 'auto' && showsForwarding && marked > 0)
  const forwards = skipsCopies && showsForwarding
  const where = marked > 0 ? fromMarks([...uses.values()], forwards) : fromCounts([...uses.values()], frames)
  const place = forwards ? routerThatOwns(marked > 0 ? where.local : []) : where
  return {
    ...place,
    checksumsUnreliable,
    datagrams: copies.datagrams,
    copies: showsCopies ? copies.copies : 0,
    skipsCopies,
    forwards,
    checksumsSeen,
    checksumsWrong,
  }
}

type InferredPlace = Pick<Inference, 'mode' | 'local' | 'because'>

/**
 * By direction marks: the machine's own addresses are the sources of outgoing frames and the destinations of incoming
 * ones, and never the other way round.
 */
function fromMarks(uses: readonly AddressUse[], forwards: boolean): InferredPlace {
  const own = uses.filter(
    (one) =>
      one.sentIn === 0 &&
      one.receivedOut === 0 &&
      (one.sentOut > 0 || one.receivedIn > 0) &&
      one.text !== '0.0.0.0' &&
      one.text !== '::',
  )
  const sending = own.filter((one) => (forwards ? one.vouched : one.sentOut) > 0)
  if (sending.length > 0) {
    return {
      mode: 'host',
      local: sending.map((one) => one.text),
      because: 'the capture marks what its machine sent and received',
    }
  }
  return {
    mode: 'router',
    local: [],
    because: 'the capture marks directions, but no address only sends or only receives',
  }
}

function routerThatOwns(local: readonly string[]): InferredPlace {
  return { mode: 'router', local, because: 'the capture shows packets as they came and as they left' }
}

/**
 * By counts: the address of the host that captured is on nearly every frame. Where two addresses are, nothing
 * distinguishes them.
 */
function fromCounts(uses: readonly AddressUse[], frames: Readonly<Record<number, number>>): InferredPlace {
  const everywhere = uses.filter(
    (one) => one.sent > 0 && frames[one.family] >= FRAMES_NEEDED && one.frames >= frames[one.family] * NEARLY_EVERY,
  )
  const hosts = everywhere.filter((one) => everywhere.filter((other) => other.family === one.family).length === 1)
  const main = frames[IP_V4] >= frames[IP_V6] ? IP_V4 : IP_V6
  if (hosts.some((one) => one.family === main)) {
    return {
      mode: 'host',
      local: hosts.map((one) => one.text),
      because: `${hosts.length > 1 ? 'they are' : 'it is'} on nearly every frame`,
    }
  }
  const both = everywhere.filter((one) => one.family === main).map((one) => one.text)
  const because =
    both.length > 1
      ? `${both.join(' and ')} are both on nearly every frame, and either may be the host`
      : 'no single address is on nearly every frame'
  return { mode: 'router', local: [], because }
}

/** @param uses by address: of IPv4 its word, of IPv6 its text */
function use(uses: Map<number | string, AddressUse>, fields: Int32Array, at: number, family: number): AddressUse {
  const address = family === IP_V4 ? fields[at] : addressText(fields, at, family)
  let known = uses.get(address)
  if (known === undefined) {
    const text = typeof address === 'string' ? address : addressText(fields, at, family)
    known = { text, family, frames: 0, sent: 0, sentOut: 0, vouched: 0, sentIn: 0, receivedIn: 0, receivedOut: 0 }
    if (isMulticast(family, fields, at)) known.sentIn = 1
    uses.set(address, known)
  }
  return known
}
