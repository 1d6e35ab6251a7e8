const COLON = 0x3a
/** Longest text that is read: groups may have any number of leading zeros. */
const MAX_TEXT_BYTES = 256

/**
 * Reads an IPv6 address that ends at `terminator`, or at a zero byte.
 * @returns its words and how many bytes its text has; null when there is none
 */
export function readIpv6(
  bytes: Uint8Array,
  from: number,
  end: number,
  terminator: number,
): { readonly length: number; readonly words: readonly number[] } | null {
  const last = Math.min(end, from + MAX_TEXT_BYTES)
  let at = from
  while (at < last && bytes[at] !== terminator && bytes[at] !== 0) at++
  if (at === from || (at === last && last !== end)) return null
  const text = String.fromCharCode(...bytes.subarray(from, at))
  const words = wordsOf(text)
  return words === null ? null : { length: at - from, words }
}

/** The words of an IPv6 address, null when the text is none. */
export function wordsOf(text: string): readonly number[] | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const groups = halves.map(groupsOf)
  const [head, tail] = groups
  if (head === null || tail === null) return null
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const all = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])]
  return [0, 2, 4, 6].map((index) => (all[index] << 16) | all[index + 1])
}

function groupsOf(text: string): number[] | null {
  if (text === '') return []
  const parts = text.split(String.fromCharCode(COLON))
  const dotted = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(parts.at(-1) ?? '')
  if (dotted !== null) {
    const octets = dotted.slice(1).map(Number)
    if (octets.some((octet) => octet > 255)) return null
    parts.splice(-1, 1, hex(octets[0], octets[1]), hex(octets[2], octets[3]))
  }
  if (!parts.every((part) => /^0*[0-9a-f]{1,4}$/i.test(part))) return null
  return parts.map((part) => Number.parseInt(part, 16))
}

function hex(high: number, low: number): string {
  return ((high << 8) | low).toString(16)
}
