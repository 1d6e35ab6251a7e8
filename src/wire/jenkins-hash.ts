/**
 * Bob Jenkins' hash of 32-bit words (lookup3, 2006, public domain). The kernel uses it to spread clients over a range
 * of addresses, connections over the machines of a cluster, and flows over marks.
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
  return finish((a + words[at]) | 0, b, c)
}

/** The same for one word. */
export function jenkinsHash1(word: number, initial: number): number {
  const start = (0xdeadbeef + 4 + initial) | 0
  return finish((start + word) | 0, start, start)
}

/** The same for three words. */
export function jenkinsHash3(first: number, second: number, third: number, initial: number): number {
  const start = (0xdeadbeef + 12 + initial) | 0
  return finish((start + first) | 0, (start + second) | 0, (start + third) | 0)
}

function finish(a: number, b: number, c: number): number {
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
