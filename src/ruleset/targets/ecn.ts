import {
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_TCP_FLAGS_WINDOW,
  P_TOS,
} from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import type { TargetExtension } from '../extension.ts'
import { setTcpFlags, setTos } from '../packet/header-edits.ts'
import { PART_TCP_FLAGS, PART_TOS } from '../packet/packet-edits.ts'
import { type RulePacket, VERDICT_DROP } from '../packet/rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import type { Options } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const HEADER = 20
/** In the TCP header's 14th byte. */
const ECE = 0x40
const CWR = 0x80
const IP_BITS = 3

/**
 * Takes ECN out of a connection's first packets, for hosts that cannot stand it, or sets single bits (undocumented).
 */
export const ecn: TargetExtension = {
  name: 'ECN',
  family: 'ipv4',
  tables: ['mangle'],
  options: [
    { name: 'ecn-tcp-remove', values: 0 },
    { name: 'ecn-tcp-cwr' },
    { name: 'ecn-tcp-ece' },
    { name: 'ecn-ip-ect' },
  ],
  parse(options, { protocol }) {
    if (options.uses.length === 0) throw new Refusal(options.at, 'ECN needs --ecn-tcp-remove')
    const remove = options.has('ecn-tcp-remove')
    const single = options.get('ecn-tcp-cwr') ?? options.get('ecn-tcp-ece')
    if (remove && single) {
      throw new Refusal(single.at, `--${single.spec.name} cannot stand together with --ecn-tcp-remove; keep one`)
    }
    const ece = bitOf(options, 'ecn-tcp-ece', remove)
    const cwr = bitOf(options, 'ecn-tcp-cwr', remove)
    const ectToken = options.value('ecn-ip-ect')
    const ectGiven = ectToken ? parseNumber(ectToken, 0, IP_BITS, 'ECT codepoint') : null
    // iptables forgets it where --ecn-tcp-remove comes later.
    const ect = options.uses.at(-1)?.spec.name === 'ecn-tcp-remove' ? null : ectGiven
    if ((ece !== null || cwr !== null) && protocol !== PROTO_TCP) {
      throw new Refusal(options.at, 'the TCP options of ECN need a protocol; write -p tcp in the same rule')
    }
    const words = [
      ece === null ? '' : `--ecn-tcp-ece ${ece}`,
      cwr === null ? '' : `--ecn-tcp-cwr ${cwr}`,
      ect === null ? '' : `--ecn-ip-ect ${ect}`,
    ]
    const mask = (ece === null ? 0 : ECE) | (cwr === null ? 0 : CWR)
    const value = (ece === 1 ? ECE : 0) | (cwr === 1 ? CWR : 0)
    const removesOnly = ece === 0 && cwr === 0 && ect === null
    return {
      print: () => (removesOnly ? '--ecn-tcp-remove' : words.filter((word) => word !== '').join(' ')),
      action: {
        kind: 'edit',
        parts: (mask === 0 ? 0 : PART_TCP_FLAGS) | (ect === null ? 0 : PART_TOS),
        edit(packet) {
          if (ect !== null) setTos(packet, (packet.fields[packet.base + P_TOS] & ~IP_BITS) | ect)
          return mask === 0 ? 0 : setFlags(packet, mask, value)
        },
      },
    }
  },
}

function bitOf(options: Options, name: string, remove: boolean): number | null {
  const token = options.value(name)
  if (token) return parseNumber(token, 0, 1, name)
  return remove ? 0 : null
}

function setFlags(packet: RulePacket, mask: number, value: number): number {
  const { fields, base, edits } = packet
  if (fields[base + P_L4_LENGTH] < HEADER) return VERDICT_DROP
  const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - fields[base + P_L4_OFFSET]
  if (captured < HEADER) edits.uncertain |= PART_TCP_FLAGS
  else if (((fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & mask) !== value) setTcpFlags(packet, mask, value)
  return 0
}
