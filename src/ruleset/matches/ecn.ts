import { PROTO_TCP } from '../../wire/protocols.ts'
import { type Condition, equals } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { parseNumber } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const TCP_FLAGS: readonly (readonly [string, number])[] = [
  ['ecn-tcp-ece', 0x40],
  ['ecn-tcp-cwr', 0x80],
]

/** Explicit congestion notification (RFC 3168), in the IP header and in TCP's. */
export const ecn: MatchExtension = {
  name: 'ecn',
  options: [
    { name: 'ecn-tcp-cwr', values: 0, negatable: true },
    { name: 'ecn-tcp-ece', values: 0, negatable: true },
    { name: 'ecn-ip-ect', negatable: true },
  ],
  parse(options, { protocol }) {
    if (options.uses.length === 0) throw new Refusal(options.at, 'ecn needs an option, as --ecn-ip-ect 1')
    const ectToken = options.value('ecn-ip-ect')
    const ect = ectToken ? parseNumber(ectToken, 0, 3, 'ECT codepoint') : 0
    const flags = TCP_FLAGS.flatMap(([name, bit]) => {
      const use = options.get(name)
      if (use && protocol !== PROTO_TCP) throw new Refusal(use.at, `--${name} needs -p tcp in the same rule`)
      return use ? [{ name, bit, negated: use.negated }] : []
    })
    const ectNegated = options.negated('ecn-ip-ect')
    return {
      print: () =>
        [
          ...flags.map(({ name, negated }) => printOption(name, '', negated)),
          ...(ectToken ? [printOption('ecn-ip-ect', `${ect}`, ectNegated)] : []),
        ].join(' '),
      conditions: () => {
        const conditions: Condition[] = []
        if (ectToken) conditions.push(equals('tos', ect, ectNegated, 3))
        // Without a whole TCP header nothing matches.
        if (flags.length > 0) conditions.push({ ...TCP_HEADER })
        for (const { bit, negated } of flags) conditions.push(equals('tcpFlags', negated ? 0 : bit, false, bit))
        return conditions
      },
    }
  },
}

const TCP_HEADER: Condition = {
  kind: 'field',
  field: 'transportLength',
  mask: 0xffff_ffff,
  ranges: [{ low: 20, high: 65535 }],
  negated: false,
}
