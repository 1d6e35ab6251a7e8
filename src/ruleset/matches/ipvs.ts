import { undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { parseHostMask, printHostMask } from '../text/addresses.ts'
import { printOption } from '../text/options.ts'
import { parseAnyPort } from '../text/ports.ts'
import { parseProtocol } from '../text/protocols.ts'
import { Refusal } from '../text/ruleset-error.ts'

const METHODS = ['GATE', 'IPIP', 'MASQ']
const DIRECTIONS = ['ORIGINAL', 'REPLY']
/** In the order of iptables-save. Each of them implies --ipvs. */
const PARTS = ['vproto', 'vaddr', 'vport', 'vdir', 'vmethod', 'vportctl'] as const

/** Connections of the kernel's load balancer. */
export const ipvs: MatchExtension = {
  name: 'ipvs',
  options: [
    { name: 'ipvs', values: 0, negatable: true },
    ...PARTS.map((name) => ({ name, negatable: name !== 'vdir' })),
  ],
  parse(options, { family }) {
    if (options.uses.length === 0) throw new Refusal(options.at, 'ipvs needs an option, as --ipvs')
    const given = PARTS.filter((name) => options.has(name))
    const whole = options.get('ipvs')
    if (whole?.negated && given.length > 0) {
      throw new Refusal(whole.at, '! --ipvs cannot stand together with other options; take them away')
    }
    const value = (name: (typeof PARTS)[number]): string => {
      const token = options.required(name)
      const oneOf = (words: readonly string[]): string => {
        const word = token.text.toUpperCase()
        if (words.includes(word)) return word
        throw new Refusal(token, `"${token.text}" does not fit here; write ${words.join(' or ')}`)
      }
      switch (name) {
        case 'vproto':
          return `${parseProtocol(token)}`
        case 'vaddr':
          return printHostMask(parseHostMask(token, family))
        case 'vdir':
          return oneOf(DIRECTIONS)
        case 'vmethod':
          return oneOf(METHODS)
        default:
          return `${parseAnyPort(token)}`
      }
    }
    const words = given.map((name) => printOption(name, value(name), options.negated(name)))
    const text = words.length === 0 ? printOption('ipvs', '', whole?.negated) : words.join(' ')
    return {
      print: () => text,
      conditions: () => [
        undecidable(
          'the capture does not tell the connections of the load balancer; settle it with --assume ipvs=yes|no',
        ),
      ],
    }
  },
}
