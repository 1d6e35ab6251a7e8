import { undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING } from '../packet/hooks.ts'
import { MASK_ALL, type MaskedValue, parseMasked, printMasked } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import type { Token } from '../text/tokens.ts'

/** The one name that /etc/iproute2/rt_realms has from the start. */
const COSMOS: MaskedValue = { value: 0, mask: MASK_ALL }

/** The realm of the packet's route, which routing daemons and `ip route add … realm` give. */
export const realm: MatchExtension = {
  name: 'realm',
  family: 'ipv4',
  hooks: [HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING],
  options: [{ name: 'realm', negatable: true }],
  parse(options) {
    const asked = parseRealm(options.required('realm'))
    const negated = options.negated('realm')
    return {
      print: () => printOption('realm', printRealm(asked), negated),
      conditions: () => [
        undecidable('the capture does not tell the realm of a route; settle it with --assume realm=yes|no'),
      ],
    }
  },
}

function parseRealm(token: Token): MaskedValue {
  return token.text === 'cosmos' ? COSMOS : parseMasked(token, 'realm')
}

function printRealm(asked: MaskedValue): string {
  return asked.value === COSMOS.value && asked.mask === COSMOS.mask ? 'cosmos' : printMasked(asked)
}
