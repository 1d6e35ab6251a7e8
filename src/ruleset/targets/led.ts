import type { TargetExtension } from '../extension.ts'
import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { quoteWord } from '../text/tokens.ts'

/** iptables takes no longer ones. */
const ID_MAX = 16

/** Lights a LED. */
export const led: TargetExtension = {
  name: 'LED',
  options: [{ name: 'led-trigger-id' }, { name: 'led-delay' }, { name: 'led-always-blink', values: 0 }],
  parse(options) {
    const id = options.required('led-trigger-id')
    if (id.text.length > ID_MAX) throw new Refusal(id, `a trigger has at most ${ID_MAX} characters`)
    const delayToken = options.value('led-delay')
    const isInfinite = delayToken !== undefined && delayToken.text.toLowerCase() === 'inf'
    const delay = delayToken && !isInfinite ? parseNumber(delayToken, 0, 0xffff_ffff, 'delay') : 0
    const words = [
      `--led-trigger-id ${quoteWord(id.text)}`,
      isInfinite ? '--led-delay inf' : delay > 0 ? `--led-delay ${delay}` : '',
      options.has('led-always-blink') ? '--led-always-blink' : '',
    ]
    return { print: () => words.filter((word) => word !== '').join(' '), action: { kind: 'continue' } }
  },
}
