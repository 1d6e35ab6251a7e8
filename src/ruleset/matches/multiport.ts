import { PROTO_DCCP, PROTO_SCTP, PROTO_TCP, PROTO_UDP, PROTO_UDPLITE } from '../../wire/protocols.ts'
import { any, type Condition, isIn } from '../evaluate/condition.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import { printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { parsePortRange } from '../text/ports.ts'
import { printProtocol } from '../text/protocols.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { headerOf } from './tcp.ts'

/** XT_MULTI_PORTS; a range takes two. */
const SLOTS = 15
/** Both port numbers. */
const HEADER = 4
const NAMES = ['source-ports', 'destination-ports', 'ports'] as const

export const multiport: MatchExtension = {
  name: 'multiport',
  protocols: [PROTO_TCP, PROTO_UDP, PROTO_UDPLITE, PROTO_SCTP, PROTO_DCCP],
  options: [
    { name: 'source-ports', aliases: ['sports'], negatable: true },
    { name: 'destination-ports', aliases: ['dports'], negatable: true },
    { name: 'ports', aliases: ['port'], negatable: true },
  ],
  parse: parseMultiport,
}

function parseMultiport(options: Options, context: RuleContext): Match {
  const use = options.oneOf(NAMES)
  if (!use) throw new Refusal(options.at, 'multiport needs --sports, --dports or --ports')
  const [token] = use.values
  if (use.protocolBefore === 0) throw new Refusal(use.at, `-p must stand before ${use.at.text}; put it there`)
  const protocol = printProtocol(context.protocol)
  const words = token.text.split(',')
  const open = words.find((word) => word.startsWith(':') || word.endsWith(':'))
  if (open !== undefined)
    throw new Refusal(partOf(token, open), `the range "${open}" has one end only; write both, as 1024:65535`)
  const ranges = words.map((word) => parsePortRange(token, protocol, word))
  const single = words.find((word, at) => word.includes(':') && ranges[at].low === ranges[at].high)
  if (single !== undefined) {
    throw new Refusal(partOf(token, single), `the range "${single}" is one port only; write it without the colon`)
  }
  const slots = words.reduce((sum, word) => sum + (word.includes(':') ? 2 : 1), 0)
  if (slots > SLOTS) {
    throw new Refusal(
      token,
      `${slots} ports are too many (a range counts twice); split the rule, ${SLOTS} fit into one`,
    )
  }
  const { negated } = use
  const name = { 'source-ports': 'sports', 'destination-ports': 'dports', ports: 'ports' }[use.spec.name] ?? ''
  return {
    print: () => printOption(name, ranges.map((range) => printRange(range)).join(','), negated),
    conditions: () => [headerOf(HEADER), portCondition()],
  }

  function portCondition(): Condition {
    switch (name) {
      case 'sports':
        return isIn('sourcePort', ranges, negated)
      case 'dports':
        return isIn('destinationPort', ranges, negated)
      default:
        return any([isIn('sourcePort', ranges), isIn('destinationPort', ranges)], negated)
    }
  }
}
