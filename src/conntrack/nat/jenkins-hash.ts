/**
 * Bob Jenkins' hash of 32-bit words (lookup3, 2006, public domain): by it the kernel spreads clients over a range of
 * addresses.
 */
export function jenkinsHash(words: readonly number[], initial: number): number {
  const start = (0xdeadbeef + (words.length << 2) + initial) | 0
  let a = start
  let b = start
  let c = start
  let at = 0
  let left = words.length
  while (left > 3) {
    a = (a + words[at]) | 0
    b = (b + words[at + 1]) | 0
    c = (c + words[at + 2]) | 0
    a = (a - c) ^ rotate(c, 4)
    c = (c + b) | 0
    b = (b - a) ^ rotate(a, 6)
    a = (a + c) | 0
    c = (c - b) ^ rotate(b, 8)
    b = (b + a) | 0
    a = (a - c) ^ rotate(c, 16)
    c = (c + b) | 0
    b = (b - a) ^ rotate(a, 19)
    a = (a + c) | 0
    c = (c - b) ^ rotate(b, 4)
    b = (b + a) | 0
    left -= 3
    at += 3
  }
  if (left === 0) return c >>> 0
  if (left > 2) c = (c + words[at + 2]) | 0
  if (left > 1) b = (b + words[at + 1]) | 0
  a = (a + words[at]) | 0
  c = ((c ^ b) - rotate(b, 14)) | 0
  a = ((a ^ c) - rotate(c, 11)) | 0
  b = ((b ^ a) - rotate(a, 25)) | 0
  c = ((c ^ b) - rotate(b, 16)) | 0
  a = ((a ^ c) - rotate(c, 4)) | 0
  b = ((b ^ a) - rotate(a, 14)) | 0
  c = ((c ^ b) - rotate(b, 24)) | 0
  return c >>> 0
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
