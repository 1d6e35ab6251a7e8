import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** XT_STRING_MAX_PATTERN_SIZE */
const PATTERN_MAX = 128
const BAR = 0x7c
const BACKSLASH = 0x5c
const SPACE = 0x20
const QUOTE = 0x22

/** The bytes of `--string` or, with `hex`, of `--hex-string`. */
export function parsePattern(token: Token, hex: boolean): Uint8Array {
  const text = new TextEncoder().encode(token.text)
  const pattern = hex ? fromHex(token, text) : text
  if (pattern.length > PATTERN_MAX) {
    throw new Refusal(token, `a pattern of ${pattern.length} bytes is too long; ${PATTERN_MAX} are the most`)
  }
  if (pattern.length === 0) throw new Refusal(token, 'an empty pattern is found nowhere; write what to look for')
  return pattern
}

/** `text|hex digits|text`; outside the bars a backslash takes the next character as it is. */
function fromHex(token: Token, text: Uint8Array): Uint8Array {
  const pattern: number[] = []
  let inHex = false
  let at = 0
  while (at < text.length) {
    let literal = false
    if (text[at] === BACKSLASH) {
      if (inHex) throw new Refusal(token, 'a backslash stands among hex digits; close them with | before')
      literal = true
    } else if (text[at] === BAR) {
      inHex = !inHex
      if (inHex) while (text[at + 1] === SPACE) at++
      // What follows a bar is never a bar again: `||` outside of hex digits is one |.
      if (at + 1 >= text.length) break
      at++
    }
    if (literal) {
      if (at + 1 >= text.length) throw new Refusal(token, 'nothing follows the last backslash')
      pattern.push(text[at + 1])
      at += 2
    } else if (inHex) {
      const digits = String.fromCharCode(text[at], text[at + 1] ?? 0)
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new Refusal(token, 'hex digits come in pairs between two |')
      if (at + 2 >= text.length) throw new Refusal(token, 'the hex digits are not closed; add |')
      pattern.push(Number.parseInt(digits, 16))
      at += text[at + 2] === SPACE ? 3 : 2
    } else pattern.push(text[at++])
  }
  return Uint8Array.from(pattern)
}

/** `--string "…"`, or `--hex-string "|…|"` where there is a byte that cannot be printed, or a backslash at the end. */
export function printPattern(pattern: Uint8Array, negated: boolean): string {
  const not = negated ? '! ' : ''
  const plain = pattern.every((byte) => byte >= SPACE && byte < 0x7f) && pattern.at(-1) !== BACKSLASH
  if (!plain) return `${not}--hex-string "|${Buffer.from(pattern).toString('hex')}|"`
  const text = [...pattern].map((byte) => (isEscaped(byte) ? '\\' : '') + String.fromCharCode(byte)).join('')
  return `${not}--string "${text}"`
}

function isEscaped(byte: number): boolean {
  return byte === QUOTE || byte === BACKSLASH
}
