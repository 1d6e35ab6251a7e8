import { PROTO_ICMPV6 } from '../../wire/protocols.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import { type Options, printOption } from '../text/options.ts'
import { icmpTypeCondition, type NamedType, parseIcmpType, printCodes, printIcmpType } from './icmp-types.ts'
import { headerOf } from './tcp.ts'

const HEADER = 8

/** RFC 4443, 4861 and the IANA registry, by the names of ip6tables. */
const NAMES: readonly NamedType[] = [
  ['destination-unreachable', 1, null],
  ['no-route', 1, 0],
  ['communication-prohibited', 1, 1],
  ['beyond-scope', 1, 2],
  ['address-unreachable', 1, 3],
  ['port-unreachable', 1, 4],
  ['failed-policy', 1, 5],
  ['reject-route', 1, 6],
  ['packet-too-big', 2, null],
  ['time-exceeded', 3, null],
  ['ttl-exceeded', 3, null],
  ['ttl-zero-during-transit', 3, 0],
  ['ttl-zero-during-reassembly', 3, 1],
  ['parameter-problem', 4, null],
  ['bad-header', 4, 0],
  ['unknown-header-type', 4, 1],
  ['unknown-option', 4, 2],
  ['echo-request', 128, null],
  ['ping', 128, null],
  ['echo-reply', 129, null],
  ['pong', 129, null],
  ['router-solicitation', 133, null],
  ['router-advertisement', 134, null],
  ['neighbour-solicitation', 135, null],
  ['neighbor-solicitation', 135, null],
  ['neighbour-advertisement', 136, null],
  ['neighbor-advertisement', 136, null],
  ['redirect', 137, null],
]

/** Names that came after iptables 1.8.9. */
const NEWER_NAMES: readonly NamedType[] = [
  ['mld-listener-query', 130, null],
  ['mld-listener-report', 131, null],
  ['mld-listener-done', 132, null],
  ['mld-listener-reduction', 132, null],
]

export const icmp6: MatchExtension = {
  name: 'icmp6',
  aliases: ['icmpv6', 'ipv6-icmp'],
  family: 'ipv6',
  protocols: [PROTO_ICMPV6],
  options: [{ name: 'icmpv6-type', negatable: true }],
  parse: parseIcmp6,
}

function parseIcmp6(options: Options, { warn }: RuleContext): Match {
  const token = options.required('icmpv6-type')
  const isNewer = NEWER_NAMES.some(([name]) => token.text.length > 1 && name.startsWith(token.text.toLowerCase()))
  const asked = parseIcmpType(token, isNewer ? NEWER_NAMES : NAMES)
  if (isNewer) warn(`line ${token.line}: older iptables do not know "${token.text}"; it is the type ${asked.type}`)
  const negated = options.negated('icmpv6-type')
  return {
    unprinted: printCodes(asked),
    print: () => printOption('icmpv6-type', printIcmpType(asked), negated),
    conditions: () => [headerOf(HEADER), icmpTypeCondition(asked, negated)],
  }
}
