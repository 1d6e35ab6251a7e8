import { SHORT_OPTIONS } from './generic-options.ts'
import type { Token } from './tokens.ts'

/** An option as it is written: `--name`, `--name=value`, `-n` or `-nvalue`. */
export interface WrittenOption {
  /** The word that it stands in. */
  readonly at: Token
  /** With its dashes. */
  readonly name: string
  /** The value in the same word, or null. */
  readonly attached: Token | null
}

/** The options of one word, as getopt_long takes it: several where short ones without a value come first, as in `-fi eth0`. */
export function writtenOptions(at: Token): WrittenOption[] {
  const { text, column } = at
  if (text.startsWith('--')) {
    const equals = text.indexOf('=')
    if (equals < 0) return [{ at, name: text, attached: null }]
    return [
      {
        at,
        name: text.slice(0, equals),
        attached: { ...at, text: text.slice(equals + 1), column: column + equals + 1 },
      },
    ]
  }
  if (SHORT_OPTIONS.has(text)) return [{ at, name: text, attached: null }]
  const written: WrittenOption[] = []
  for (let index = 1; index < text.length && text.startsWith('-'); index++) {
    const name = `-${text[index]}`
    const spec = SHORT_OPTIONS.get(name)
    if (spec === undefined) break
    const rest = text.slice(index + 1)
    if (spec.values !== 0 || spec.attachable || rest === '') {
      const attached = rest === '' ? null : { ...at, text: rest, column: column + index + 1 }
      return [...written, { at, name, attached }]
    }
    written.push({ at, name, attached: null })
  }
  return [{ at, name: text, attached: null }]
}
