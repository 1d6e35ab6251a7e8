import { P_DST, P_PORTS, P_SRC } from '../../wire/packet-fields.ts'

/** Copies the tuple of a row: addresses and ports. */
export function copyTuple(from: Int32Array, to: Int32Array): void {
  for (let i = P_SRC; i <= P_PORTS; i++) to[i] = from[i]
}

export function isSameTuple(one: Int32Array, other: Int32Array): boolean {
  for (let i = P_SRC; i <= P_PORTS; i++) if (one[i] !== other[i]) return false
  return true
}

export function isSameSourceAddress(one: Int32Array, other: Int32Array): boolean {
  for (let i = P_SRC; i < P_DST; i++) if (one[i] !== other[i]) return false
  return true
}

/** min <= address <= max, as big-endian numbers of words. */
export function isBetween(fields: Int32Array, at: number, min: readonly number[], max: readonly number[]): boolean {
  return compare(fields, at, min) >= 0 && compare(fields, at, max) <= 0
}

function compare(fields: Int32Array, at: number, words: readonly number[]): number {
  for (let i = 0; i < words.length; i++) {
    const difference = (fields[at + i] >>> 0) - (words[i] >>> 0)
    if (difference !== 0) return difference
  }
  return 0
}
