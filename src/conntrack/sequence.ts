/** Sequence numbers wrap at 2^32: comparisons by the sign of the difference (RFC 9293, section 3.4). */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0
}
