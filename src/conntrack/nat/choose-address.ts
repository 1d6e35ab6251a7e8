import { jenkinsHash } from '../../wire/jenkins-hash.ts'
import { MANIP_DESTINATION, type NatRange } from './range.ts'

/**
 * The address out of a range that a client gets: by a hash of its source address and, unless the rule says persistent,
 * of its destination, so that the result is always the same (oracle: SNAT and DNAT to ranges).
 * @param manip MANIP_ number: which address is translated
 * @param source, @param destination words of the connection's addresses before this translation
 */
export function chooseAddress(
  range: NatRange,
  manip: number,
  source: readonly number[],
  destination: readonly number[],
  zone: number,
): readonly number[] | null {
  const { minAddress: min, maxAddress: max, persistent } = range
  if (min === null || max === null) return null
  if (min.every((word, i) => word === max[i])) return min
  const last = min.length - 1
  // The kernel hashes words as they lie in memory on little-endian machines, always four of them.
  const sourceWords = [0, 1, 2, 3].map((i) => swapBytes(source[i] ?? 0))
  const destinationWords = destination.map(swapBytes)
  let hash = jenkinsHash(sourceWords, persistent ? 0 : destinationWords[last] ^ zone)
  let isFull = false
  return min.map((low, i) => {
    const lowest = isFull ? 0 : low >>> 0
    const distance = isFull ? 0xffffffff : (max[i] >>> 0) - (low >>> 0) + 1
    const word = (lowest + Math.floor((hash * distance) / 2 ** 32)) | 0
    if (word !== max[i]) isFull = true
    // The kernel has already rewritten the destination's own word at this point.
    const mixedIn = manip === MANIP_DESTINATION ? swapBytes(word) : destinationWords[i]
    if (!persistent) hash = (hash ^ mixedIn) >>> 0
    return word
  })
}

function swapBytes(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}
