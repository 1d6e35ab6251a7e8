import type { TargetExtension } from '../extension.ts'
import { MASK_ALL, parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { cutToBytes, quoteWord } from '../text/tokens.ts'

/** iptables keeps that much. */
const PREFIX_MAX = 63
/** In the order of iptables-save. */
const NUMBERS = [
  ['nflog-group', 65535],
  ['nflog-range', MASK_ALL],
  ['nflog-size', MASK_ALL],
  ['nflog-threshold', 65535],
] as const

/** Hands a copy to a program; the packet goes on. */
export const nflog: TargetExtension = {
  name: 'NFLOG',
  options: [{ name: 'nflog-prefix' }, ...NUMBERS.map(([name]) => ({ name }))],
  parse(options) {
    options.oneOf(['nflog-range', 'nflog-size'])
    const prefix = options.value('nflog-prefix')
    if (prefix && (prefix.text.length === 0 || prefix.text.includes('\n'))) {
      throw new Refusal(prefix, 'the prefix is empty or has line breaks; write at least one character, on one line')
    }
    const words = prefix ? [`--nflog-prefix ${quoteWord(cutToBytes(prefix.text, PREFIX_MAX))}`] : []
    for (const [name, high] of NUMBERS) {
      const token = options.value(name)
      if (!token) continue
      const value = parseNumber(token, 0, high, name)
      if (value !== 0 || name === 'nflog-size') words.push(`--${name} ${value}`)
    }
    return { print: () => words.join(' '), action: { kind: 'continue' } }
  },
}
