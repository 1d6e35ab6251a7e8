export const ENTRIES_AT_LEAST = 1 << 12
const ENTRIES_WITHOUT_LIMIT = 1 << 22
const ENTRIES_AT_MOST = 1 << 25

/**
 * Entries that a connection table reserves room for; beyond that it is copied as it grows.
 * @param limit entries that it will hold at the most, 0 for no limit
 */
export function capacityFor(limit: number): number {
  return limit === 0 ? ENTRIES_WITHOUT_LIMIT : Math.min(Math.max(limit, ENTRIES_AT_LEAST), ENTRIES_AT_MOST)
}

/**
 * Reserves room for so many records, or for as many as the system allows, but at least `atLeast`. The operating system
 * provides untouched memory of this size page by page when it is first used, so the room can be large, and records
 * never have to be copied to a larger place. V8 counts an ArrayBuffer of this size as used memory and starts to collect
 * garbage; it does not count a SharedArrayBuffer.
 */
export function reserve(records: number, bytesEach: number, atLeast: number): SharedArrayBuffer {
  for (let count = records; ; count = Math.max(Math.ceil(count / 2), atLeast)) {
    try {
      return new SharedArrayBuffer(count * bytesEach)
    } catch (error) {
      if (!(error instanceof RangeError) || count <= atLeast) throw error
    }
  }
}
