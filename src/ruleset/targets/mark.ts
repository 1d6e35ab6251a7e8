import type { TargetExtension } from '../extension.ts'
import { hex, MASK_ALL, parseMasked, parseNumber } from '../text/numbers.ts'
import type { OptionUse } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const OPERATIONS = ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark'] as const

/** mark = (mark & ~mask) ^ value */
interface MarkChange {
  readonly value: number
  readonly mask: number
}

/** `--set-xmark v/m`, `--set-mark v/m`, `--and-mark b`, `--or-mark b`, `--xor-mark b`: all of them as one form. */
export function parseMarkChange(use: OptionUse): MarkChange {
  const [token] = use.values
  const bits = (): number => parseNumber(token, 0, MASK_ALL, 'mark')
  switch (use.spec.name) {
    case 'set-xmark':
      return parseMasked(token, 'mark')
    case 'set-mark': {
      const { value, mask } = parseMasked(token, 'mark')
      return { value, mask: (value | mask) >>> 0 }
    }
    case 'and-mark':
      return { value: 0, mask: ~bits() >>> 0 }
    case 'or-mark':
      return { value: bits(), mask: bits() }
    default:
      return { value: bits(), mask: 0 }
  }
}

/** Sets the packet's mark, for later rules. */
export const mark: TargetExtension = {
  name: 'MARK',
  options: OPERATIONS.map((name) => ({ name })),
  parse(options) {
    const use = options.oneOf(OPERATIONS)
    if (!use) throw new Refusal(options.at, 'MARK needs --set-mark, --set-xmark, --and-mark, --or-mark or --xor-mark')
    const { value, mask } = parseMarkChange(use)
    return {
      print: () => `--set-xmark ${hex(value)}/${hex(mask)}`,
      action: { kind: 'assign', register: 'mark', keep: ~mask, from: null, take: 0, value: value | 0 },
    }
  },
}
