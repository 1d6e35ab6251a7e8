import { hasSourceAlone, MAC_SOURCE, MAC_TYPE, macOffset } from '../../wire/mac.ts'
import { P_SRC, P_VLAN } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_PREROUTING } from '../packet/hooks.ts'

const ETHERTYPE_IPV6 = 0x86dd
const MISSING = 'the capture does not tell the Ethernet address of the sender; settle it with --assume eui64=yes|no'

/** The lower half of the source address was made from the Ethernet address (RFC 4291, appendix A). */
export const eui64: MatchExtension = {
  name: 'eui64',
  family: 'ipv6',
  hooks: [HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD],
  options: [],
  parse: () => ({
    print: () => '',
    conditions: () => [
      {
        kind: 'call',
        label: 'source address from the Ethernet address',
        negated: false,
        missing: MISSING,
        create: () => ({
          test({ bytes, fields, base }) {
            const mac = macOffset(fields, base)
            if (mac < 0) return UNKNOWN
            const type = (bytes[mac + MAC_TYPE] << 8) | bytes[mac + MAC_TYPE + 1]
            // A tagged frame comes by its VLAN's interface, which has taken the tag off.
            if (!hasSourceAlone(fields, base) && type !== ETHERTYPE_IPV6 && fields[base + P_VLAN] < 0) return NO
            const from = mac + MAC_SOURCE
            const high = ((bytes[from] ^ 2) << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | 0xff
            const low = 0xfe000000 | (bytes[from + 3] << 16) | (bytes[from + 4] << 8) | bytes[from + 5]
            return fields[base + P_SRC + 2] === (high | 0) && fields[base + P_SRC + 3] === (low | 0) ? YES : NO
          },
        }),
      },
    ],
  }),
}
