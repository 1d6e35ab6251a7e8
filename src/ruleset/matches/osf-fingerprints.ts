import {
  FRAGMENT_DONT,
  P_FRAGMENT,
  P_L3_LENGTH,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_TCP_FLAGS_WINDOW,
} from '../../wire/packet-fields.ts'
import { NO, type PureTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import { PART_LENGTH, PART_TCP_OPTIONS, PART_TTL, visibleTtl } from '../packet/packet-edits.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import {
  type Fingerprint,
  KIND_BYTES,
  KIND_MSS,
  WINDOW_IS,
  WINDOW_MODULO,
  WINDOW_OF_MSS,
  WINDOW_OF_MTU,
} from '../text/parse-fingerprints.ts'
import { capturedEnd } from './header-bytes.ts'

/** The fingerprints that were loaded into the kernel: one list for all rules. null where none were given. */
export class OsfFingerprints {
  readonly list: readonly Fingerprint[] | null

  constructor(list: readonly Fingerprint[] | null) {
    this.list = list
  }
}

/** `--ttl`: how the packet's TTL must stand to that of the fingerprint. */
export const TTL_EQUAL = 0
const TTL_AT_MOST = 1
const TTL_ANY = 2

const HEADER = 20
/**
 * Usual MSS values. The kernel tries these, too, since a modem may have lowered the MSS after the window was chosen.
 */
const USUAL_MSS = [1460, 1448]
const HEADERS = 40

/** Whether a SYN has one of these fingerprints. */
export class FingerprintTest implements PureTest {
  readonly #prints: readonly Fingerprint[]
  readonly #ttl: number
  readonly #parts: number

  /** @param ttl TTL_ */
  constructor(prints: readonly Fingerprint[], ttl: number) {
    this.#prints = prints
    this.#ttl = ttl
    this.#parts = PART_TCP_OPTIONS | PART_LENGTH | (ttl === TTL_ANY ? 0 : PART_TTL)
  }

  test(packet: RulePacket): number {
    const { fields, base } = packet
    if (packet.edits.uncertain & this.#parts) return UNKNOWN
    const headerBytes = 4 * (fields[base + P_TCP_FLAGS_WINDOW] >>> 28)
    const segment = fields[base + P_L4_LENGTH]
    if (segment < HEADER || headerBytes > segment) return NO
    const optionBytes = Math.max(headerBytes - HEADER, 0)
    const dontFragment = (fields[base + P_FRAGMENT] & FRAGMENT_DONT) !== 0
    const length = fields[base + P_L3_LENGTH]
    const isCut = fields[base + P_L4_OFFSET] + HEADER + optionBytes > capturedEnd(packet)
    for (const print of this.#prints) {
      if (print.dontFragment !== dontFragment || print.length !== length || print.optionBytes !== optionBytes) continue
      if (!this.#ttlFits(packet, print)) continue
      if (isCut) return UNKNOWN
      const mss = mssWhereAlike(packet, print)
      if (mss >= 0 && windowFits(fields[base + P_TCP_FLAGS_WINDOW] & 0xffff, print, mss)) return YES
    }
    return NO
  }

  #ttlFits(packet: RulePacket, { ttl }: Fingerprint): boolean {
    if (this.#ttl === TTL_ANY) return true
    return this.#ttl === TTL_AT_MOST ? visibleTtl(packet) <= ttl : visibleTtl(packet) === ttl
  }
}

/** The MSS (0 without) of a packet whose options are those of the fingerprint, in this order; else -1. */
function mssWhereAlike({ bytes, fields, base }: RulePacket, { kinds }: Fingerprint): number {
  let at = fields[base + P_L4_OFFSET] + HEADER
  let mss = 0
  for (const kind of kinds) {
    if (bytes[at] !== kind) return -1
    if (kind === KIND_MSS) mss = (bytes[at + 2] << 8) | bytes[at + 3]
    at += KIND_BYTES[kind]
  }
  return mss
}

function windowFits(window: number, { windowKind, window: wanted }: Fingerprint, mss: number): boolean {
  switch (windowKind) {
    case WINDOW_IS:
      return wanted === 0 || window === wanted
    case WINDOW_OF_MSS:
      return window === wanted * mss || USUAL_MSS.some((usual) => window === wanted * usual)
    case WINDOW_OF_MTU:
      return window === wanted * (mss + HEADERS) || USUAL_MSS.some((usual) => window === wanted * (usual + HEADERS))
    case WINDOW_MODULO:
      return window % wanted === 0
    default:
      return false
  }
}
