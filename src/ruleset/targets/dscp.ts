import { P_TOS } from '../../wire/packet-fields.ts'
import type { TargetExtension } from '../extension.ts'
import { parseDscp, printDscp } from '../matches/dscp-classes.ts'
import { setTos } from '../packet/header-edits.ts'
import { PART_TOS } from '../packet/packet-edits.ts'
import { Refusal } from '../text/ruleset-error.ts'

const ECN_BITS = 3

/** Sets the upper six bits of the TOS octet. */
export const dscp: TargetExtension = {
  name: 'DSCP',
  tables: ['mangle'],
  options: [{ name: 'set-dscp' }, { name: 'set-dscp-class' }],
  parse(options) {
    const use = options.oneOf(['set-dscp', 'set-dscp-class'])
    if (!use) throw new Refusal(options.at, 'DSCP needs --set-dscp or --set-dscp-class')
    const value = parseDscp(use)
    return {
      print: () => `--set-dscp ${printDscp(value)}`,
      action: {
        kind: 'edit',
        parts: PART_TOS,
        edit(packet) {
          setTos(packet, (packet.fields[packet.base + P_TOS] & ECN_BITS) | (value << 2))
          return 0
        },
      },
    }
  },
}
