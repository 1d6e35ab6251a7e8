import { wholeNumberOf } from '../text/numbers.ts'
import { parseCountPerUnit } from '../text/rates.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** XT_HASHLIMIT_SCALE_v2: a packet rate is kept as the time between two packets, in microseconds. */
export const SCALE = 1_000_000
/**
 * Bytes are counted in pieces of 16. A byte rate is stored as the cost of one piece, where 2^32 - 1 is a second's
 * worth.
 */
const PIECE_SHIFT = 4
const COST_OF_SECOND = 0xffff_ffff
const PRINTED_SIZES: readonly (readonly [string, number])[] = [
  ['m', 1024 * 1024],
  ['k', 1024],
  ['', 1],
]
const WHOLE_NUMBERS = 2n ** 64n
const BURST_MAX = 1_000_000

export interface Rate {
  /** Packets: microseconds between two. Bytes: the cost of 16 bytes. */
  readonly average: number
  readonly bytes: boolean
  /** Seconds of the unit in which it was written. */
  readonly unit: number
}

/** `10/second`, `10` or `512kb/s`. */
export function parseRate(token: Token): Rate {
  return parseByteRate(token) ?? parsePacketRate(token)
}

/** Decimal, in units of the one letter after the number; what else stands before `b/s` is passed over. */
function parseByteRate(token: Token): Rate | null {
  if (!token.text.includes('b/s')) return null
  const [, count, size] = /^[ \t]*\+?([0-9]{1,15})([km]?)/.exec(token.text) ?? []
  const number = Number.parseInt(count ?? '0', 10)
  if (number === 0) {
    throw new Refusal(token, `"${token.text}" is not a rate; write bytes as 512kb/s`)
  }
  const average = costOf(number * sizeOf(size))
  if (average === 0) throw new Refusal(token, `${token.text} is too fast; 64gb/s is more than can be counted`)
  return { average, bytes: true, unit: 1 }
}

function parsePacketRate(token: Token): Rate {
  const advice = 'write a number and /second, /minute, /hour or /day, or bytes as 512kb/s'
  const { count, unit } = parseCountPerUnit(token, advice)
  const average = count < 0 ? 0 : Math.floor((SCALE * unit) / count)
  if (average === 0) throw new Refusal(token, `${token.text} is too fast; ${SCALE}/second is the most`)
  return { average, bytes: false, unit }
}

export function printByteRate(average: number): string {
  const bytes = bytesOf(average)
  const [name, size] = sizeFor(bytes, (unit) => costOf(bytes - (bytes % unit)) === average)
  return `${Math.floor(bytes / size)}${name}b/s`
}

/** @param burst times that a second's worth may be exceeded */
export function printByteBurst(average: number, burst: number): string {
  const bytes = bytesOf(average) * burst
  const [name, size] = sizeFor(bytes, () => true)
  return `${Math.floor(bytes / size)}${name}b`
}

/** The burst, `N`, `Nk` or `Nm`; of bytes only a number with nothing after it has to be at most BURST_MAX. */
export function parseBurst(token: Token, ofBytes: boolean): bigint {
  // Whatever stands after the number and its letter is passed over, as iptables does.
  const [, count, size, rest] = /^([ \t]*\+?(?:0x[0-9a-f]+|[0-9]+))([km]?)(.*)/i.exec(token.text) ?? []
  const number = wholeNumberOf(count ?? '')
  const burst = BigInt.asUintN(64, (number ?? 0n) * BigInt(sizeOf(size)))
  const isBounded = !ofBytes || (size === '' && rest === '')
  if (number === null || number < 1n || number >= WHOLE_NUMBERS || (isBounded && burst > BURST_MAX)) {
    throw new Refusal(token, `"${token.text}" is not a burst; write a number from 1 to ${BURST_MAX}`)
  }
  return burst
}

/**
 * How many seconds' worths a burst of bytes counts as. iptables compares and takes the remainder by 64 bits, but
 * divides by 32. Null where it is smaller than one.
 */
export function secondsOfBurst(average: number, burst: bigint): number | null {
  const second = BigInt(bytesOf(average))
  if (burst < second) return null
  return Number(BigInt.asUintN(32, burst) / second) + (burst % second === 0n ? 0 : 1)
}

/** The byte rate of a cost. */
export function bytesOf(average: number): number {
  return (Math.floor(COST_OF_SECOND / average) - 1) * 2 ** PIECE_SHIFT
}

function costOf(bytes: number): number {
  return Math.floor(COST_OF_SECOND / (Math.floor(bytes / 2 ** PIECE_SHIFT) + 1))
}

export function piecesOf(bytes: number): number {
  return (bytes >> PIECE_SHIFT) + 1
}

function sizeOf(name: string | undefined): number {
  return PRINTED_SIZES.find(([one]) => one === name)?.[1] ?? 1
}

function sizeFor(bytes: number, fits: (size: number) => boolean): readonly [string, number] {
  return PRINTED_SIZES.find(([, size]) => bytes >= size && fits(size)) ?? PRINTED_SIZES[2]
}
