import { PROTO_ICMP } from '../../wire/protocols.ts'
import type { Match, MatchExtension } from '../extension.ts'
import { type Options, printOption } from '../text/options.ts'
import {
  anyIcmpType,
  icmpTypeCondition,
  type NamedType,
  parseIcmpType,
  printCodes,
  printIcmpType,
} from './icmp-types.ts'
import { headerOf } from './tcp.ts'

/** The kernel takes this type for any type. */
const ANY = 255
const HEADER = 8

/** RFC 792, RFC 1812 and the IANA registry, by the names of iptables. */
const NAMES: readonly NamedType[] = [
  ['any', ANY, null],
  ['echo-reply', 0, null],
  ['pong', 0, null],
  ['destination-unreachable', 3, null],
  ['network-unreachable', 3, 0],
  ['host-unreachable', 3, 1],
  ['protocol-unreachable', 3, 2],
  ['port-unreachable', 3, 3],
  ['fragmentation-needed', 3, 4],
  ['source-route-failed', 3, 5],
  ['network-unknown', 3, 6],
  ['host-unknown', 3, 7],
  ['network-prohibited', 3, 9],
  ['host-prohibited', 3, 10],
  ['tos-network-unreachable', 3, 11],
  ['tos-host-unreachable', 3, 12],
  ['communication-prohibited', 3, 13],
  ['host-precedence-violation', 3, 14],
  ['precedence-cutoff', 3, 15],
  ['source-quench', 4, null],
  ['redirect', 5, null],
  ['network-redirect', 5, 0],
  ['host-redirect', 5, 1],
  ['tos-network-redirect', 5, 2],
  ['tos-host-redirect', 5, 3],
  ['echo-request', 8, null],
  ['ping', 8, null],
  ['router-advertisement', 9, null],
  ['router-solicitation', 10, null],
  ['time-exceeded', 11, null],
  ['ttl-exceeded', 11, null],
  ['ttl-zero-during-transit', 11, 0],
  ['ttl-zero-during-reassembly', 11, 1],
  ['parameter-problem', 12, null],
  ['ip-header-bad', 12, 0],
  ['required-option-missing', 12, 1],
  ['timestamp-request', 13, null],
  ['timestamp-reply', 14, null],
  ['address-mask-request', 17, null],
  ['address-mask-reply', 18, null],
]

export const icmp: MatchExtension = {
  name: 'icmp',
  family: 'ipv4',
  protocols: [PROTO_ICMP],
  options: [{ name: 'icmp-type', negatable: true }],
  parse: parseIcmp,
}

function parseIcmp(options: Options): Match {
  const asked = parseIcmpType(options.required('icmp-type'), NAMES)
  const negated = options.negated('icmp-type')
  const any = asked.type === ANY
  const text = any ? 'any' : printIcmpType(asked)
  return {
    unprinted: printCodes(asked),
    print: () => printOption('icmp-type', text, negated),
    conditions: () => [headerOf(HEADER), any ? anyIcmpType(negated) : icmpTypeCondition(asked, negated)],
  }
}
