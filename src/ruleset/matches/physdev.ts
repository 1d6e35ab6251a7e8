import { undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../packet/hooks.ts'
import { Refusal } from '../text/ruleset-error.ts'

const FLAGS = ['physdev-is-in', 'physdev-is-out', 'physdev-is-bridged'] as const
/** In the order of iptables-save. */
const ORDER = ['physdev-is-in', 'physdev-in', 'physdev-is-out', 'physdev-out', 'physdev-is-bridged'] as const
/** IFNAMSIZ without its final zero. */
const INTERFACE_MAX = 15
const MISSING =
  'the capture does not tell through which port of a bridge a packet went; settle it with --assume physdev=yes|no'

/** The port of a bridge. */
export const physdev: MatchExtension = {
  name: 'physdev',
  options: [
    { name: 'physdev-in', negatable: true },
    { name: 'physdev-out', negatable: true },
    ...FLAGS.map((name) => ({ name, values: 0, negatable: true })),
  ],
  parse(options) {
    if (options.uses.length === 0) throw new Refusal(options.at, 'physdev needs an option, as --physdev-in PORT')
    for (const { values } of options.uses) {
      const [token] = values
      if (token && token.text.length > INTERFACE_MAX) {
        throw new Refusal(token, `"${token.text}" is too long for an interface; at most ${INTERFACE_MAX} characters`)
      }
    }
    const port = (name: string): string => {
      const token = options.value(name)
      return token ? ` ${token.text}` : ''
    }
    const asksOut = options.has('physdev-out') || options.has('physdev-is-out')
    const isBridged = options.has('physdev-is-bridged') && !options.negated('physdev-is-bridged')
    return {
      // What the machine sends itself has no such port yet.
      ...(asksOut && !isBridged && { hooks: [HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD, HOOK_POSTROUTING] }),
      print: () =>
        ORDER.filter((name) => options.has(name))
          .map((name) => `${options.negated(name) ? '! ' : ''}--${name}${port(name)}`)
          .join(' '),
      conditions: () => [undecidable(MISSING)],
    }
  },
}
