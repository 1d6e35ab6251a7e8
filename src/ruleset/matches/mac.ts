import { all, equals, NOT_OVER_LOOPBACK } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_PREROUTING } from '../packet/hooks.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/**
 * The Ethernet source address. lo is no Ethernet device: its packets have neither the address nor another one
 * (test/kernel/sender-address.test.ts).
 */
export const mac: MatchExtension = {
  name: 'mac',
  hooks: [HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD],
  options: [{ name: 'mac-source', negatable: true }],
  parse(options) {
    const bytes = parseMac(options.required('mac-source'))
    const negated = options.negated('mac-source')
    const word = (from: number): number => (bytes[from] << 16) | (bytes[from + 1] << 8) | bytes[from + 2]
    const text = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
    return {
      print: () => printOption('mac-source', text, negated),
      conditions: () => [NOT_OVER_LOOPBACK, all([equals('macHigh', word(0)), equals('macLow', word(3))], negated)],
    }
  },
}

function parseMac(token: Token): readonly number[] {
  const parts = token.text.split(':')
  if (parts.length !== 6 || parts.some((part) => !/^[0-9a-f]{1,2}$/i.test(part))) {
    throw new Refusal(token, `"${token.text}" is not an Ethernet address; write it as 00:11:22:33:44:55`)
  }
  return parts.map((part) => Number.parseInt(part, 16))
}
