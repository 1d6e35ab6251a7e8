/** How a pcapng interface counts time (options if_tsresol and if_tsoffset). */
export interface CaptureClock {
  /** Units per second when a 64-bit count can be divided in plain numbers, else 0. */
  unitsPerSecond: number
  /** The same, exactly. */
  exactUnitsPerSecond: bigint
  /** Nanoseconds per unit where that is a whole number, else 0. */
  nanosecondsPerUnit: number
  /** For units that are a power of two of a second and no whole number of nanoseconds: that power, else 0. */
  binaryExponent: number
  /** Seconds to add to every time. */
  offsetSeconds: number
  /** Decimal digits of the second that the clock resolves, at most 9. */
  digits: number
}

const DEFAULT_RESOLUTION = 6
const BINARY_RESOLUTION = 0x80
/** With r < 2^37, r * 2^16 stays an exact integer. */
const PLAIN_UNITS_MAX = 2 ** 32
const LOG10_OF_2 = Math.log10(2)

/** @param resolution if_tsresol octet, or null when absent; @param offsetSeconds if_tsoffset */
export function captureClock(resolution: number | null, offsetSeconds: number): CaptureClock {
  const octet = resolution ?? DEFAULT_RESOLUTION
  const exponent = octet & 0x7f
  const binary = (octet & BINARY_RESOLUTION) !== 0
  const exact = (binary ? 2n : 10n) ** BigInt(exponent)
  const plain = exact <= BigInt(PLAIN_UNITS_MAX) ? Number(exact) : 0
  const nanosecondsPerUnit = plain > 0 && 1e9 % plain === 0 ? 1e9 / plain : 0
  return {
    unitsPerSecond: plain,
    exactUnitsPerSecond: exact,
    nanosecondsPerUnit,
    binaryExponent: binary && plain > 0 && nanosecondsPerUnit === 0 ? exponent : 0,
    offsetSeconds,
    digits: Math.min(9, binary ? Math.ceil(exponent * LOG10_OF_2) : exponent),
  }
}

/**
 * Turns a 64-bit count into seconds[index] (whole, offset added) and gives the nanoseconds, rounded down. Exact:
 * dividing 16 bits at a time keeps every step below 2^53.
 */
export function splitTime(
  clock: CaptureClock,
  high: number,
  low: number,
  seconds: Float64Array,
  index: number,
): number {
  const units = clock.unitsPerSecond
  if (units === 0) return splitFineTime(clock, high, low, seconds, index)
  const first = Math.floor(high / units)
  const middle = (high - first * units) * 65_536 + (low >>> 16)
  const second = Math.floor(middle / units)
  const last = (middle - second * units) * 65_536 + (low & 0xffff)
  const third = Math.floor(last / units)
  const rest = last - third * units
  seconds[index] = first * 4_294_967_296 + second * 65_536 + third + clock.offsetSeconds
  if (clock.nanosecondsPerUnit !== 0) return rest * clock.nanosecondsPerUnit
  // rest < 2^k and 10^9 / 2^k = 5^9 / 2^(k-9); rest * 5^9 < 2^53 for k up to 32.
  return Math.floor((rest * 1_953_125) / 2 ** (clock.binaryExponent - 9))
}

/** Clocks finer than 2^-32 s or 10^-9 s: rare enough for big integers. */
function splitFineTime(clock: CaptureClock, high: number, low: number, seconds: Float64Array, index: number): number {
  const count = (BigInt(high) << 32n) | BigInt(low)
  const units = clock.exactUnitsPerSecond
  seconds[index] = Number(count / units) + clock.offsetSeconds
  return Number(((count % units) * 1_000_000_000n) / units)
}
