import { IP_V4, IP_V6 } from '../../wire/packet-fields.ts'
import { counted } from '../count-text.ts'
import type { Mode } from '../topology.ts'
import type { AddressUse, FirstFrames } from './first-frames.ts'

/** Of the frames of an own address, so many may say that it is another's: anybody can forge it as a source. */
const FORGED_SHARE = 0.1
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
/** Without direction marks: where so many of the datagrams are copies with a TTL smaller by one, a router sent them on. */
const FORWARDED_SHARE = 0.1

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
  /** Frames that the capture marks as sent or received. */
  readonly marked: number
  /** Verified transport checksums, and wrong ones among them. */
  readonly checksumsSeen: number
  readonly checksumsWrong: number
}

/**
 * What follows from the first frames of a capture.
 * @param copiesOption whether to leave out what shows a packet once more; `auto` does so where the capture marks such
 * frames as sent on, or has many whose TTL shows it
 */
export function inferFrom(seen: FirstFrames, copiesOption: CopiesOption): Inference {
  const { copies, marked, checksumsSeen, checksumsWrong } = seen
  const checksumsUnreliable = checksumsWrong > FRAMES_NEEDED && checksumsWrong > checksumsSeen * WRONG_SUMS_MEAN_NOTHING
  const showsCopies = copies.copies >= Math.max(COPIES_NEEDED, copies.datagrams * COPIES_SHARE)
  const showsForwarding = showsCopies && copies.forwarded >= COPIES_NEEDED
  const isCertain = marked > 0 || copies.forwarded >= copies.datagrams * FORWARDED_SHARE
  const skipsCopies = copiesOption === 'skip' || (copiesOption === 'auto' && showsForwarding && isCertain)
  // Where copies are kept, marks still tell the mode. Counts do not: every forwarded packet counts twice.
  const forwards = showsForwarding && (skipsCopies || (marked === 0 && isCertain))
  return {
    ...placeOf(seen, forwards, skipsCopies),
    checksumsUnreliable,
    datagrams: copies.datagrams,
    copies: showsCopies ? copies.copies : 0,
    skipsCopies,
    forwards,
    marked,
    checksumsSeen,
    checksumsWrong,
  }
}

type InferredPlace = Pick<Inference, 'mode' | 'local' | 'because'>

function placeOf(seen: FirstFrames, forwards: boolean, skipsCopies: boolean): InferredPlace {
  const usesOf = (frames: FirstFrames): AddressUse[] => [...frames.uses.values()]
  if (seen.marked > 0) {
    const where = fromMarks(usesOf(seen), forwards)
    return forwards ? routerThatOwns(where.local, 'as they came and as they left') : where
  }
  if (!forwards) return fromCounts(usesOf(seen), seen.frames)
  const { local } = skipsCopies ? fromMarks(usesOf(seen.withDirections()), true) : { local: [] }
  return routerThatOwns(local, 'once more with a TTL smaller by one, as a router sends them on')
}

/**
 * By direction marks: the machine's own addresses are the sources of outgoing frames and the destinations of incoming
 * ones, and hardly ever the other way round.
 */
function fromMarks(uses: readonly AddressUse[], forwards: boolean): InferredPlace {
  const own = uses.filter(
    (one) =>
      one.sentOut + one.receivedIn > 0 &&
      one.sentIn + one.receivedOut <= (one.sentOut + one.receivedIn) * FORGED_SHARE &&
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

function routerThatOwns(local: readonly string[], shown: string): InferredPlace {
  return { mode: 'router', local, because: `the capture shows packets ${shown}` }
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
  if (frames[main] < FRAMES_NEEDED) {
    return { mode: 'router', local: [], because: tooFew(frames[IP_V4] + frames[IP_V6]) }
  }
  const both = everywhere.filter((one) => one.family === main).map((one) => one.text)
  const because =
    both.length > 1
      ? `${both.join(' and ')} are both on nearly every frame, and either may be the host`
      : 'no single address is on nearly every frame'
  return { mode: 'router', local: [], because }
}

function tooFew(frames: number): string {
  return frames === 0
    ? 'the first frames hold no datagram'
    : `${counted(frames, 'frame is', 'frames are')} too few to tell`
}
