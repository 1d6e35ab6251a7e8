import { Refusal, RulesetError } from './ruleset-error.ts'

/** How a fingerprint describes the window (WINDOW_IS: exactly). */
export const WINDOW_IS = 0
export const WINDOW_OF_MSS = 1
export const WINDOW_OF_MTU = 2
export const WINDOW_MODULO = 3

/** A passive fingerprint of a SYN, as the kernel keeps it. */
export interface Fingerprint {
  readonly genre: string
  /**
   * WINDOW_ kind: `window` itself (0 for any), `window` times the MSS, `window` times the MTU (MSS + 40), or any
   * multiple of `window`.
   */
  readonly windowKind: number
  readonly window: number
  readonly ttl: number
  readonly dontFragment: boolean
  /** Length of the whole packet in bytes. */
  readonly length: number
  /** Kinds of the TCP options in order, and the bytes of all. */
  readonly kinds: readonly number[]
  readonly optionBytes: number
}

/** WINDOW:TTL:DF:LENGTH:OPTIONS:GENRE:VERSION:SUBTYPE:DETAILS */
const COLONS = 8
const GENRE_MAX = 31
const OPTION_BYTES_MAX = 40
export const KIND_MSS = 2
/** Kinds of TCP options by the first letter of their notation. Others are ignored. */
const KINDS: Readonly<Record<string, number>> = { E: 0, N: 1, M: KIND_MSS, W: 3, S: 4, T: 8 }
/** Bytes of these options by kind, whatever length an option in a packet claims. */
export const KIND_BYTES: readonly number[] = [1, 1, 4, 3, 2, 0, 0, 0, 10]

/**
 * Reads pf.os, as `nfnl_osf -f` loads it.
 * @throws RulesetError for lines that it refuses
 */
export function parseFingerprints(text: string, file: string): Fingerprint[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.length < 2 || line.startsWith('#') || line.startsWith('\r')) return []
    try {
      return [parseLine(line, index + 1)]
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw new RulesetError([{ file, line: error.line, column: error.column, text: error.message }])
    }
  })
}

function parseLine(text: string, line: number): Fingerprint {
  const fields = text.split(':').map((field) => field.trimStart())
  if (fields.length !== COLONS + 1) {
    const form = 'WINDOW:TTL:DF:LENGTH:OPTIONS:GENRE:VERSION:SUBTYPE:DETAILS'
    throw new Refusal({ line, column: 1 }, `a fingerprint has ${COLONS} colons; write ${form}`)
  }
  const [window, ttl, dontFragment, length, options, genre] = fields
  const size = windowOf(window)
  if (size.windowKind === WINDOW_MODULO && size.window === 0) {
    throw new Refusal({ line, column: 1 }, `"${window}" is a multiple of nothing; write %N with N from 1`)
  }
  const kinds = options.split(',').flatMap((option) => KINDS[option.trimStart().charAt(0)] ?? [])
  const optionBytes = kinds.reduce((sum, kind) => sum + KIND_BYTES[kind], 0)
  if (optionBytes > OPTION_BYTES_MAX) {
    const column = text.indexOf(options) + 1
    throw new Refusal(
      { line, column },
      `options of ${optionBytes} bytes; a TCP header has room for ${OPTION_BYTES_MAX}`,
    )
  }
  return {
    genre: genre.replace(/^[@*]/, '').slice(0, GENRE_MAX),
    ...size,
    ttl: leadingNumber(ttl) % 256,
    dontFragment: leadingNumber(dontFragment) % 256 !== 0,
    length: leadingNumber(length) % 65_536,
    kinds,
    optionBytes,
  }
}

/** `S4` (MSS), `T4` (MTU), `%8192` (modulo), `65535`; anything else means any window. */
function windowOf(text: string): Pick<Fingerprint, 'windowKind' | 'window'> {
  const rest = text.slice(1)
  switch (text.charAt(0)) {
    case 'S':
      return { windowKind: WINDOW_OF_MSS, window: leadingNumber(rest.replace(/^%/, '')) }
    case 'T':
      return { windowKind: WINDOW_OF_MTU, window: leadingNumber(rest.replace(/^%/, '')) }
    case '%':
      return { windowKind: WINDOW_MODULO, window: leadingNumber(rest) }
    default:
      return { windowKind: WINDOW_IS, window: leadingNumber(text) }
  }
}

/** As strtoul reads it: 0 where there is none. 32 bits. */
function leadingNumber(text: string): number {
  return Number(/^\s*\+?(\d{1,15})/.exec(text)?.[1] ?? 0) % 2 ** 32
}
