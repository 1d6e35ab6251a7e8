/** Class of a regular expression: what the kernel takes for a letter, in ISO 8859-1. */
export const LETTER = '[A-Za-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\xff]'

/** Bytes as text, one character for each. */
export function latin1(bytes: Uint8Array, from: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString('latin1')
}

/** The low 32 bits of the decimal number at `from` (0 where there is none), and where it ends. */
export function leadingNumber(text: string, from: number): { readonly value: number; readonly end: number } {
  let value = 0
  let at = from
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) break
    value = (Math.imul(value, 10) + digit) >>> 0
  }
  return { value, end: at }
}
