import { SHORT_OPTIONS } from './generic-options.ts'
import type { Token } from './tokens.ts'

/** An option as it is written: `--name`, `--name=value`, `-n` or `-nvalue`. */
interface WrittenOption {
  /** With its dashes. */
  readonly name: string
  /** The value in the same word, or null. */
  readonly attached: Token | null
}

/** Whether a word is one option, without a value. */
export function isPlainOption(text: string): boolean {
  return text.startsWith('--') ? !text.includes('=') : SHORT_OPTIONS.has(text)
}

/**
 * The options of one word, as getopt_long takes it: several where short ones without a value come first, as in
 * `-fi eth0`.
 */
export function writtenOptions(at: Token): WrittenOption[] {
  const { text, column } = at
  if (isPlainOption(text)) return [{ name: text, attached: null }]
  if (text.startsWith('--')) {
    const equals = text.indexOf('=')
    const attached = { ...at, text: text.slice(equals + 1), column: column + equals + 1 }
    return [{ name: text.slice(0, equals), attached }]
  }
  const written: WrittenOption[] = []
  for (let index = 1; index < text.length && text.startsWith('-'); index++) {
    const name = `-${text[index]}`
    const spec = SHORT_OPTIONS.get(name)
    if (spec === undefined) break
    const rest = text.slice(index + 1)
    if (spec.values !== 0 || spec.attachable || rest === '') {
      const attached = rest === '' ? null : { ...at, text: rest, column: column + index + 1 }
      return [...written, { name, attached }]
    }
    written.push({ name, attached: null })
  }
  return [{ name: text, attached: null }]
}
