const ZERO = 0x30

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9
}

/** Numbers read from text, and how many bytes they took: 0 when the text does not contain them. */
interface NumbersRead {
  readonly length: number
  readonly numbers: readonly number[]
}

/**
 * Reads `count` decimal numbers with separators between them, up to a terminator that must follow. The numbers grow
 * without a limit but keep 32 bits.
 * @param terminator 0 for any byte that is neither digit nor separator
 */
export function readNumbers(
  bytes: Uint8Array,
  from: number,
  end: number,
  count: number,
  separator: number,
  terminator: number,
): NumbersRead {
  const numbers = Array<number>(count).fill(0)
  let index = 0
  for (let at = from; at < end && index < count; at++) {
    const byte = bytes[at]
    if (isDigit(byte)) numbers[index] = (Math.imul(numbers[index], 10) + byte - ZERO) >>> 0
    else if (byte === separator) index++
    else {
      const isFinished = (byte === terminator || terminator === 0) && index === count - 1
      return { length: isFinished ? at - from : 0, numbers }
    }
  }
  return { length: 0, numbers }
}
