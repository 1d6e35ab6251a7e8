import type { TargetExtension } from '../extension.ts'
import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** iptables takes no longer ones. */
const ID_MAX = 16

/** Lights a LED. */
export const led: TargetExtension = {
  name: 'LED',
  options: [{ name: 'led-trigger-id' }, { name: 'led-delay' }, { name: 'led-always-blink', values: 0 }],
  parse(options) {
    const id = options.required('led-trigger-id')
    if (id.text.length > ID_MAX)
      throw new Refusal(id, `"${id.text}" is too long for a trigger; write at most ${ID_MAX} characters`)
    const delayToken = options.value('led-delay')
    const delay = delayToken ? parseDelay(delayToken) : 0
    const words = [
      `--led-trigger-id "${id.text.replace(/["\\]/g, '\\$&')}"`,
      delay === 0 ? '' : `--led-delay ${delay}`,
      options.has('led-always-blink') ? '--led-always-blink' : '',
    ]
    return { print: () => words.filter((word) => word !== '').join(' '), action: { kind: 'continue' } }
  },
}

/** Milliseconds. Longer than 31 bits, and for ever, iptables-save prints as negative numbers, which are refused. */
function parseDelay(token: Token): number {
  if (/^inf/i.test(token.text)) return -1
  if (token.text.startsWith('-')) throw new Refusal(token, `"${token.text}" is not a delay; for ever is "inf"`)
  return parseNumber(token, 0, 0xffff_ffff, 'delay') | 0
}
