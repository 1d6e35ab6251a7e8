import type { GrowingBytes } from './growing-bytes.ts'

/** Fewest equal values that are written as a run; also the size of a bit-packed group. */
const GROUP = 8

/** Bits that the values 0 to `max` need. */
export function bitWidthOf(max: number): number {
  return 32 - Math.clz32(max)
}

/**
 * Parquet's hybrid of run lengths and bit packing, for definition levels and dictionary indices: values[0 … count),
 * each of `bitWidth` bits (at most 24).
 */
export function writeHybridRuns(
  out: GrowingBytes,
  values: Int32Array | Uint8Array,
  count: number,
  bitWidth: number,
): void {
  /** First value that is not written yet. Those up to `at`, a multiple of GROUP, will be bit-packed. */
  let from = 0
  let at = 0
  while (at < count) {
    const value = values[at]
    let end = at + 1
    while (end < count && values[end] === value) end++
    if (end - at >= GROUP) {
      writePacked(out, values, from, at, bitWidth)
      writeRun(out, value, end - at, bitWidth)
      from = end
      at = end
    } else {
      at = Math.min(at + GROUP, count)
    }
  }
  writePacked(out, values, from, count, bitWidth)
}

/** As `writeHybridRuns`, for values that are all the same. */
export function writeSame(out: GrowingBytes, value: number, count: number, bitWidth: number): void {
  if (count < GROUP) writeHybridRuns(out, new Uint8Array(count).fill(value), count, bitWidth)
  else writeRun(out, value, count, bitWidth)
}

function writeRun(out: GrowingBytes, value: number, length: number, bitWidth: number): void {
  out.varint(length * 2)
  for (let bits = 0; bits < bitWidth; bits += 8) out.byte((value >>> bits) & 255)
}

/** Writes whole groups of values; only the last group of all may be shorter, and is filled up with zeros. */
function writePacked(
  out: GrowingBytes,
  values: Int32Array | Uint8Array,
  from: number,
  to: number,
  bitWidth: number,
): void {
  if (from === to) return
  const groups = Math.ceil((to - from) / GROUP)
  out.varint(groups * 2 + 1)
  out.ensure(groups * bitWidth)
  const { bytes } = out
  let at = out.length
  const end = at + groups * bitWidth
  let bits = 0
  let held = 0
  for (let i = from; i < to; i++) {
    bits |= values[i] << held
    held += bitWidth
    while (held >= 8) {
      bytes[at++] = bits
      bits >>>= 8
      held -= 8
    }
  }
  if (held > 0) bytes[at++] = bits
  while (at < end) bytes[at++] = 0
  out.length = end
}
