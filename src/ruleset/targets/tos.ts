import { P_TOS } from '../../wire/packet-fields.ts'
import type { TargetExtension } from '../extension.ts'
import { parseTos, printTos } from '../matches/tos-values.ts'
import { setTos } from '../packet/header-edits.ts'
import { PART_TOS } from '../packet/packet-edits.ts'
import { type MaskedValue, parseNumber } from '../text/numbers.ts'
import type { OptionUse } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const OPERATIONS = ['set-tos', 'and-tos', 'or-tos', 'xor-tos'] as const

/** Sets the TOS octet, or the traffic class. */
export const tos: TargetExtension = {
  name: 'TOS',
  tables: ['mangle'],
  options: OPERATIONS.map((name) => ({ name })),
  parse(options) {
    const use = options.oneOf(OPERATIONS)
    if (!use) throw new Refusal(options.at, 'TOS needs --set-tos, --and-tos, --or-tos or --xor-tos')
    const change = parseChange(use)
    return {
      print: () => `--set-tos ${printTos(change)}`,
      action: {
        kind: 'edit',
        parts: PART_TOS,
        edit(packet) {
          setTos(packet, (packet.fields[packet.base + P_TOS] & ~change.mask) ^ change.value)
          return 0
        },
      },
    }
  },
}

/** tos = (tos & ~mask) ^ value */
function parseChange(use: OptionUse): MaskedValue {
  const [token] = use.values
  const bits = (): number => parseNumber(token, 0, 255, 'TOS')
  switch (use.spec.name) {
    case 'set-tos':
      return parseTos(token)
    case 'and-tos':
      return { value: 0, mask: ~bits() & 0xff }
    case 'or-tos':
      return { value: bits(), mask: bits() }
    default:
      return { value: bits(), mask: 0 }
  }
}
