import { P_DST, P_SRC } from '../../wire/packet-fields.ts'
import { type CallContext, NO, type PureTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_PREROUTING } from '../packet/hooks.ts'
import type { RulePacket } from '../packet/rule-packet.ts'

const FLAGS = ['loose', 'validmark', 'accept-local', 'invert'] as const
const RTN_UNICAST = 1
const RTN_LOCAL = 2
/** 224.0.0.0/24 */
const LOCAL_GROUPS = 0xe00000
const MISSING =
  'the routes of the machine are not known: say by --iface which networks are behind each interface; or settle it with --assume rpfilter=yes|no'

/** Whether an answer would leave by the interface that the packet came in by. */
export const rpfilter: MatchExtension = {
  name: 'rpfilter',
  tables: ['raw', 'mangle'],
  hooks: [HOOK_PREROUTING],
  options: FLAGS.map((name) => ({ name, values: 0 })),
  parse(options) {
    const text = FLAGS.filter((name) => options.has(name))
      .map((name) => `--${name}`)
      .join(' ')
    const acceptLocal = options.has('accept-local')
    const isLoose = options.has('loose')
    return {
      print: () => text,
      conditions: () => [
        {
          kind: 'call',
          label: 'the way back',
          negated: options.has('invert'),
          missing: MISSING,
          steady: true,
          create: (context) => wayBack(isLoose, acceptLocal, context),
        },
      ],
    }
  },
}

/**
 * The known routes are the networks of the interfaces. Packets over loopback pass, packets with impossible sources do
 * not (asked of Linux 6.18).
 */
function wayBack(isLoose: boolean, acceptLocal: boolean, { family, environment }: CallContext): PureTest {
  const loopback = environment.interfaces.indexOf('lo')
  const passesUnrouted = family === 'ipv4' ? isAskingForAddress : isUnspecified
  return {
    test(packet) {
      const { fields, base, inInterface } = packet
      if (inInterface === loopback && loopback > 0) return YES
      if (passesUnrouted(packet)) return YES
      const type = environment.addressType(family, fields, base + P_SRC, 0)
      if (type < 0) return UNKNOWN
      if (type !== RTN_UNICAST && !(type === RTN_LOCAL && acceptLocal)) return NO
      const way = environment.interfaceToward(family, fields, base + P_SRC)
      if (way < 0) return UNKNOWN
      if (isLoose) return YES
      return inInterface < 0 ? UNKNOWN : way === inInterface ? YES : NO
    },
  }
}

/** Whether a host without an address asks for one: from 0.0.0.0/8 to the link's broadcast or groups. */
function isAskingForAddress({ fields, base }: RulePacket): boolean {
  const destination = fields[base + P_DST]
  return fields[base + P_SRC] >>> 24 === 0 && (destination === -1 || destination >>> 8 === LOCAL_GROUPS)
}

function isUnspecified({ fields, base }: RulePacket): boolean {
  const at = base + P_SRC
  return (fields[at] | fields[at + 1] | fields[at + 2] | fields[at + 3]) === 0
}
