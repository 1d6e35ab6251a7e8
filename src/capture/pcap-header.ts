import { CaptureError } from './frame-reader.ts'

export const PCAP_HEADER_LENGTH = 24

/** What the file header of a pcap file says about its records. */
export interface PcapHeader {
  /** "pcap, microseconds, little-endian" */
  description: string
  littleEndian: boolean
  /** Bytes of the file header; what exceeds PCAP_HEADER_LENGTH is of no interest. */
  headerLength: number
  /** Bytes in front of each frame. */
  recordHeaderLength: number
  /** What the second timestamp field counts: 1,000,000 or 1,000,000,000. */
  fractionsPerSecond: number
  /** Captured and wire length stand in the other order, as old versions wrote them. */
  lengthsSwapped: 'never' | 'where-needed' | 'always'
  linkType: number
}

interface Dialect {
  magic: number
  name: string
  fractionsPerSecond: number
  headerLength: number
  recordHeaderLength: number
}

interface FoundDialect {
  dialect: Dialect
  littleEndian: boolean
}

/** By magic number in the writer's byte order. Kuznetzov's records carry 8 more bytes, IXIA's file header 4 more. */
const DIALECTS: readonly Dialect[] = [
  dialect(0xa1b2c3d4, 'pcap, microseconds', 1e6, 24, 16),
  dialect(0xa1b23c4d, 'pcap, nanoseconds', 1e9, 24, 16),
  dialect(0xa1b2cd34, 'pcap, microseconds, modified (Kuznetzov)', 1e6, 24, 24),
  dialect(0x1c0001ac, 'pcap, microseconds, IXIA hardware', 1e6, 28, 16),
  dialect(0x1c0001ab, 'pcap, microseconds, IXIA software', 1e6, 28, 16),
]

function dialect(
  magic: number,
  name: string,
  fractionsPerSecond: number,
  headerLength: number,
  recordHeaderLength: number,
): Dialect {
  return { magic, name, fractionsPerSecond, headerLength, recordHeaderLength }
}

/** The low 16 bits hold the link type, the others the FCS length and reserved bits. */
const LINK_TYPE_MASK = 0xffff
const VERSION_MAJOR = 2
/** DG/UX wrote this major version. */
const VERSION_DG_UX = 543

/** True when the bytes begin as a pcap file does. */
export function isPcap(head: Uint8Array): boolean {
  return head.length >= 4 && findDialect(viewOf(head), 0) !== null
}

/**
 * True when a file header stands at `at` instead of a record (16 bytes are there). The seconds of a record can happen
 * to be a magic number; but where a record has its length on the wire, a file header has the accuracy of times, which
 * is always 0.
 */
export function isPcapHeaderAt(view: DataView, at: number): boolean {
  const found = view.getUint32(at + 12) === 0 ? findDialect(view, at) : null
  return found !== null && view.getUint16(at + 4, found.littleEndian) === VERSION_MAJOR
}

/** The file header that `isPcapHeaderAt` found at `at`; null when part of it is missing. */
export function pcapHeaderAt(view: DataView, at: number, end: number): PcapHeader | null {
  const found = findDialect(view, at)
  return found === null || end - at < found.dialect.headerLength ? null : readHeader(view, at, found)
}

/** @throws CaptureError when the header is cut short or of a version nobody knows */
export function parsePcapHeader(path: string, head: Uint8Array): PcapHeader {
  const view = viewOf(head)
  const found = findDialect(view, 0)
  if (found === null) throw new CaptureError(`${path}: not a pcap file`)
  if (head.length < PCAP_HEADER_LENGTH) {
    throw new CaptureError(
      `${path}: cut short inside the pcap file header, ${head.length} of ${PCAP_HEADER_LENGTH} bytes; nothing can be read from it`,
    )
  }
  const { littleEndian } = found
  const major = view.getUint16(4, littleEndian)
  const minor = view.getUint16(6, littleEndian)
  if (major !== VERSION_MAJOR && major !== VERSION_DG_UX) {
    throw new CaptureError(
      `${path}: pcap version ${major}.${minor} is not known (2.4 is usual); rewrite it with editcap or tcpdump -r -w`,
    )
  }
  return readHeader(view, 0, found)
}

function readHeader(view: DataView, at: number, { dialect, littleEndian }: FoundDialect): PcapHeader {
  return {
    description: `${dialect.name}, ${littleEndian ? 'little' : 'big'}-endian`,
    littleEndian,
    headerLength: dialect.headerLength,
    recordHeaderLength: dialect.recordHeaderLength,
    fractionsPerSecond: dialect.fractionsPerSecond,
    lengthsSwapped: swappedLengths(view.getUint16(at + 4, littleEndian), view.getUint16(at + 6, littleEndian)),
    linkType: view.getUint32(at + 20, littleEndian) & LINK_TYPE_MASK,
  }
}

/** Version 2.3 changed the order of the two lengths, but not all who wrote 2.3 did so (libpcap, sf-pcap.c). */
function swappedLengths(major: number, minor: number): PcapHeader['lengthsSwapped'] {
  if (major === VERSION_DG_UX || minor < 3) return 'always'
  return minor === 3 ? 'where-needed' : 'never'
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function findDialect(view: DataView, at: number): FoundDialect | null {
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(at, littleEndian)
    const dialect = DIALECTS.find((candidate) => candidate.magic === magic)
    if (dialect !== undefined) return { dialect, littleEndian }
  }
  return null
}
