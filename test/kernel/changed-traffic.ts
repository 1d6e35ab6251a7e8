import { addressText } from '../../src/wire/address.ts'
import { IP_V4, IP_V6 } from '../../src/wire/packet-fields.ts'
import { be16, be32, checksum, concat, fragments, withHeaderChecksum } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { Random } from '../support/random.ts'

const ICMP = 1
const TCP = 6
const UDP = 17
const FRAGMENT = 44
const ICMPV6 = 58
/** Where a transport header has its checksum. */
const SUM_AT: Readonly<Record<number, number>> = { [ICMP]: 2, [TCP]: 16, [UDP]: 6, [ICMPV6]: 2 }
/** Seconds between packets where there are fragments: what the oracle's kernel waits for them goes by real time. */
const AT_ONCE = 0.000_02

/** Changes a datagram, into none, one or several. */
type Change = (datagram: Uint8Array, random: Random) => readonly Uint8Array[]

/** What happens to so many of a hundred datagrams. Checksums are right afterwards, unless they are what was changed. */
const CHANGES: Readonly<Record<string, readonly [number, Change]>> = {
  loss: [12, () => []],
  repetition: [8, (datagram) => [datagram, datagram]],
  'TCP header': [15, (datagram, random) => [protocolOf(datagram) === TCP ? tcpChanged(datagram, random) : datagram]],
  'IP header': [
    12,
    (datagram, random) => [isV4(datagram) ? ipv4Changed(datagram, random) : ipv6Changed(datagram, random)],
  ],
  'IPv4 options': [20, (datagram, random) => [withOptions(datagram, random)]],
  headers: [15, (datagram, random) => [sealed(flipped(datagram, random, 80))]],
  'anything, with wrong sums': [10, (datagram, random) => [flipped(datagram, random, datagram.length)]],
  'broken copies': [40, (datagram, random) => [broken(datagram, random), datagram]],
  payload: [35, (datagram, random) => [payloadChanged(datagram, random)]],
  fragments: [40, inFragments],
  'ICMP errors': [30, (datagram, random) => [datagram, ...errorsAbout(datagram, random)]],
  'few hosts and ports': [100, (datagram) => [withFewEnds(datagram)]],
}
const DISORDER = 'disorder'
export const CHANGE_NAMES: readonly string[] = [...Object.keys(CHANGES), DISORDER]

/**
 * Traffic with one kind of change here and there (one of CHANGE_NAMES), as attackers, faulty devices and lossy captures
 * change it. The same seed gives the same packets.
 * @param frames of IP datagrams
 * @param mayChange which of the datagrams; none of the others is made either. Disorder is for all.
 */
export function changed(
  frames: readonly CaptureFrame[],
  kind: string,
  seed: number,
  mayChange: (datagram: Uint8Array) => boolean = () => true,
): CaptureFrame[] {
  const random = new Random(seed)
  const result = kind === DISORDER ? inDisorder(frames, random) : changedHereAndThere(frames, kind, random, mayChange)
  return result.some(({ bytes }) => isFragment(bytes)) ? atOnce(result) : result
}

function changedHereAndThere(
  frames: readonly CaptureFrame[],
  kind: string,
  random: Random,
  mayChange: (datagram: Uint8Array) => boolean,
): CaptureFrame[] {
  const [percent, change] = CHANGES[kind]
  return frames.flatMap((frame) => {
    if (!mayChange(frame.bytes) || !random.chance(percent)) return [frame]
    const made = change(frame.bytes, random).filter((bytes) => bytes === frame.bytes || mayChange(bytes))
    return made.map((bytes) => ({ ...frame, bytes }))
  })
}

/** Whether a datagram comes from one of these addresses: what the oracle sends as a host cannot be changed freely. */
export function isFrom(datagram: Uint8Array, addresses: readonly string[]): boolean {
  const words = isV4(datagram) ? [word(datagram, 12)] : [8, 12, 16, 20].map((at) => word(datagram, at))
  return addresses.includes(addressText(words, 0, isV4(datagram) ? IP_V4 : IP_V6))
}

const isV4 = (datagram: Uint8Array): boolean => datagram[0] >> 4 === 4
const headerOf = (datagram: Uint8Array): number => (isV4(datagram) ? (datagram[0] & 15) * 4 : 40)
const protocolOf = (datagram: Uint8Array): number => datagram[isV4(datagram) ? 9 : 6]
const isFragment = (datagram: Uint8Array): boolean =>
  isV4(datagram) ? (half(datagram, 6) & 0x3fff) !== 0 : datagram[6] === FRAGMENT
const word = (datagram: Uint8Array, at: number): number =>
  new DataView(datagram.buffer, datagram.byteOffset).getUint32(at)
const half = (datagram: Uint8Array, at: number): number => (datagram[at] << 8) | datagram[at + 1]

/** A copy with right checksums, where the datagram is whole and has some. */
function sealed(datagram: Uint8Array): Uint8Array {
  const header = headerOf(datagram)
  if (datagram.length < header || header < 20) return datagram
  const copy = isV4(datagram) ? withHeaderChecksum(datagram) : datagram.slice()
  const end = isV4(copy) ? half(copy, 2) : 40 + half(copy, 4)
  const sumAt = SUM_AT[protocolOf(copy)]
  if (sumAt === undefined || isFragment(copy) || end > copy.length || end < header + sumAt + 2) return copy
  const segment = copy.subarray(header, end)
  segment.set([0, 0], sumAt)
  const addresses = isV4(copy) ? copy.subarray(12, 20) : copy.subarray(8, 40)
  const protocol = protocolOf(copy)
  const pseudo = protocol === ICMP ? [] : concat(addresses, be32(segment.length, protocol))
  segment.set(be16(checksum(pseudo, segment) || 0xffff), sumAt)
  return copy
}

/** With some bits of the first bytes turned round. */
function flipped(datagram: Uint8Array, random: Random, bytes: number): Uint8Array {
  const copy = datagram.slice()
  for (let left = random.pick([1, 1, 2, 4]); left > 0; left--) {
    const at = random.below(Math.min(bytes, copy.length))
    // Its version says what the datagram is for the kernel; in a frame, its EtherType.
    copy[at] ^= 1 << random.below(at === 0 ? 4 : 8)
  }
  return copy
}

/** As it arrives where what follows its IP header was damaged on the way: it may be refused, but not without effects. */
function broken(datagram: Uint8Array, random: Random): Uint8Array {
  const header = headerOf(datagram)
  if (datagram.length <= header) return datagram
  return concat(datagram.subarray(0, header), flipped(datagram.subarray(header), random, 40))
}

/** Does one of the changes, which are named after what they change. */
function oneOf(random: Random, changes: Readonly<Record<string, () => void>>): void {
  random.pick(Object.values(changes))()
}

function tcpChanged(datagram: Uint8Array, random: Random): Uint8Array {
  const copy = datagram.slice()
  const at = headerOf(copy)
  if (copy.length < at + 20) return copy
  const near = (): number => random.pick([-1, 1, -70_000, 70_000, -1460, 1460, random.below(20_000) - 10_000])
  const options = (copy[at + 12] >> 4) * 4 - 20
  const changedOption = options > 0 ? at + 20 + random.below(options) : copy.length
  oneOf(random, {
    aFlag: () => copy.set([copy[at + 13] ^ (1 << random.below(8))], at + 13),
    allFlags: () => copy.set([random.pick([4, 20, 2, 18, 1, 17, 0, 41, 63])], at + 13),
    seq: () => copy.set(be32((word(copy, at + 4) + near()) >>> 0), at + 4),
    ack: () => copy.set(be32((word(copy, at + 8) + near()) >>> 0), at + 8),
    window: () => copy.set(be16(random.pick([0, 1, 0xffff, random.below(0x10000)])), at + 14),
    dataOffset: () => copy.set([(random.pick([4, 5, 6, 8, 15]) << 4) | (copy[at + 12] & 15)], at + 12),
    option: () => copy.fill(random.below(256), changedOption, changedOption + 1),
  })
  return sealed(copy)
}

function ipv4Changed(datagram: Uint8Array, random: Random): Uint8Array {
  const copy = datagram.slice()
  oneOf(random, {
    ttl: () => copy.set([random.pick([0, 1, 2])], 8),
    protocol: () => copy.set([random.pick([1, 2, 6, 17, 33, 47, 50, 51, 58, 103, 132, 136, 255, 0])], 9),
    totalLength: () => copy.set(be16(Math.max(0, half(copy, 2) + random.pick([-1, 1, -8, -20, 40])) & 0xffff), 2),
    fragmentOffset: () => copy.set([random.pick([0, 1, 0x20, 0x40, 0x60, 0x80]), random.pick([0, 1, 2, 185])], 6),
    address: () => copy.set([random.pick([0, 10, 127, 224, 240, 255])], random.pick([12, 16])),
    headerLength: () => copy.set([0x40 | random.pick([4, 5, 6, 7, 15])], 0),
    tos: () => copy.set([random.below(256)], 1),
    direction: () => copy.set([...copy.subarray(16, 20), ...copy.subarray(12, 16)], 12),
  })
  return sealed(copy)
}

function ipv6Changed(datagram: Uint8Array, random: Random): Uint8Array {
  const copy = datagram.slice()
  oneOf(random, {
    hopLimit: () => copy.set([random.pick([0, 1, 2])], 7),
    nextHeader: () => copy.set([random.pick([0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 135])], 6),
    payloadLength: () => copy.set(be16(Math.max(0, half(copy, 4) + random.pick([-1, 1, -8, 40])) & 0xffff), 4),
    address: () => copy.set([random.pick([0, 0x20, 0xfe, 0xff])], random.pick([8, 24])),
    direction: () => copy.set([...copy.subarray(24, 40), ...copy.subarray(8, 24)], 8),
  })
  return sealed(copy)
}

/** With IPv4 options that may be right. */
function withOptions(datagram: Uint8Array, random: Random): Uint8Array {
  if (!isV4(datagram) || headerOf(datagram) !== 20) return datagram
  const size = random.pick([4, 8, 12, 40])
  const options = new Uint8Array(size)
  const kind = random.pick([1, 7, 68, 130, 131, 137, 148, random.below(256)])
  options.set(
    random.pick([
      [kind, size, 4],
      [kind, size, 5, random.pick([0, 1, 3, 0xf0])],
      [kind, random.below(45), 8],
    ]),
  )
  const copy = concat(datagram.subarray(0, 20), options, datagram.subarray(20))
  copy[0] = 0x45 + size / 4
  copy.set(be16((half(copy, 2) + size) & 0xffff), 2)
  return sealed(copy)
}

/** With another digit, separator or byte here and there, for those who read payloads: helpers, and rules. */
function payloadChanged(datagram: Uint8Array, random: Random): Uint8Array {
  const copy = datagram.slice()
  const header = headerOf(copy)
  const from = header + (protocolOf(copy) === TCP ? (copy[header + 12] >> 4) * 4 : 8)
  if (from >= copy.length) return copy
  for (let left = random.pick([1, 1, 1, 2, 5]); left > 0; left--) {
    const at = from + random.below(copy.length - from)
    const isDigit = copy[at] >= 0x30 && copy[at] <= 0x39
    const text = isDigit ? '0123456789' : random.pick([' \r\n,;:.()|<>@="', '019aAzZ'])
    copy[at] = random.chance(75) ? text.charCodeAt(random.below(text.length)) : random.below(256)
  }
  return sealed(copy)
}

/** In pieces, in disorder, with pieces that are missing, doubled, overlap, or have another TTL. */
function inFragments(datagram: Uint8Array, random: Random): readonly Uint8Array[] {
  const header = headerOf(datagram)
  const isWhole = isV4(datagram) && header === 20 && half(datagram, 2) === datagram.length && !isFragment(datagram)
  if (!isWhole || datagram.length < header + 16) return [datagram]
  const step = 8 * (1 + random.below(Math.ceil((datagram.length - header) / 16)))
  const pieces = fragments(datagram, header + step).map((piece) => {
    if (random.chance(10)) piece[8] = random.pick([1, 2, 64])
    if (random.chance(10)) piece[1] = random.below(4)
    if (random.chance(3)) piece[9] = random.pick([ICMP, TCP, UDP])
    return withHeaderChecksum(piece)
  })
  if (random.chance(5)) pieces.pop()
  if (random.chance(5)) pieces.push(random.pick(pieces))
  if (random.chance(5)) pieces.push(...fragments(datagram, header + step + 8).slice(0, 2))
  return random.chance(40) ? shuffled(pieces, random) : pieces
}

function errorsAbout(datagram: Uint8Array, random: Random): readonly Uint8Array[] {
  if (!isV4(datagram)) return []
  const quoted = datagram.slice(0, headerOf(datagram) + random.pick([0, 4, 8, 8, 8, 20, 28, 100, 500]))
  if (random.chance(30)) quoted.set([...quoted.subarray(16, 20), ...quoted.subarray(12, 16)], 12)
  const types = [3, 3, 3, 4, 5, 11, 12, 0, 8, 13]
  const message = concat(
    [random.pick(types), random.pick([0, 1, 3, 4, 13]), 0, 0, 0, 0, 5, 220],
    random.chance(80) ? quoted : flipped(quoted, random, quoted.length),
  )
  const source = random.chance(70) ? datagram.subarray(16, 20) : [10, 1, 2, 3]
  const destination = random.chance(90) ? datagram.subarray(12, 16) : datagram.subarray(16, 20)
  const error = sealed(
    concat([0x45, 0], be16(20 + message.length, 7, 0), [60, ICMP, 0, 0], source, destination, message),
  )
  return [random.chance(90) ? error : flipped(error, random, error.length)]
}

/** As if there were three hosts with two ports each: connections run into each other. */
function withFewEnds(datagram: Uint8Array): Uint8Array {
  if (!isV4(datagram)) return datagram
  const copy = datagram.slice()
  for (const at of [12, 16]) if (copy[at] < 224 && copy[at] !== 127) copy.set([10, 0, 0, 1 + (copy[at + 3] % 3)], at)
  const ports = headerOf(copy)
  const hasPorts = [TCP, UDP].includes(protocolOf(copy)) && copy.length >= ports + 4
  if (hasPorts) for (const at of [ports, ports + 2]) copy.set([4, copy[at + 1] % 2], at)
  return sealed(copy)
}

function inDisorder(frames: readonly CaptureFrame[], random: Random): CaptureFrame[] {
  const result = [...frames]
  for (let i = 0; i < result.length; i++) {
    const other = Math.min(result.length - 1, i + random.pick([1, 1, random.below(30)]))
    if (random.chance(12)) [result[i], result[other]] = [result[other], result[i]]
  }
  return result
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return items.map(() => left.splice(random.below(left.length), 1)[0])
}

function atOnce(frames: readonly CaptureFrame[]): CaptureFrame[] {
  return frames.map((frame, i) => ({ ...frame, time: i * AT_ONCE }))
}
