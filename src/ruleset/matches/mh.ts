import { P_L4_OFFSET } from '../../wire/packet-fields.ts'
import { PROTO_MOBILITY, PROTO_NO_NEXT_HEADER } from '../../wire/protocols.ts'
import { hotdropWhen, UNKNOWN } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { type NumberRange, numberOf, printRange } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { ask, askTransport, capturedEnd } from './header-bytes.ts'

/** RFC 6275 */
const HEADER = 6
const TYPES: readonly (readonly [string, number])[] = [
  ['binding-refresh-request', 0],
  ['brr', 0],
  ['home-test-init', 1],
  ['hoti', 1],
  ['careof-test-init', 2],
  ['coti', 2],
  ['home-test', 3],
  ['hot', 3],
  ['careof-test', 4],
  ['cot', 4],
  ['binding-update', 5],
  ['bu', 5],
  ['binding-acknowledgement', 6],
  ['ba', 6],
  ['binding-error', 7],
  ['be', 7],
]

/** The Mobile IPv6 mobility header. */
export const mh: MatchExtension = {
  name: 'mh',
  aliases: ['mobility-header'],
  family: 'ipv6',
  protocols: [PROTO_MOBILITY],
  options: [{ name: 'mh-type', negatable: true }],
  parse(options) {
    const token = options.value('mh-type')
    const types = token ? parseTypes(token) : { low: 0, high: 255 }
    const negated = options.negated('mh-type')
    const every = types.low === 0 && types.high === 255
    return {
      print: () => (every ? '' : printOption('mh-type', printRange(types), negated)),
      conditions: () => {
        const [whole, long, type] = askTransport('mobility header type', HEADER, ({ bytes }, at) => {
          const value = bytes[at + 2]
          return (value >= types.low && value <= types.high) !== negated
        })
        const goesOn = ask('mobility header with a payload', (packet) => {
          const at = packet.fields[packet.base + P_L4_OFFSET]
          return at + 1 > capturedEnd(packet) ? UNKNOWN : Number(packet.bytes[at] !== PROTO_NO_NEXT_HEADER)
        })
        return [whole, long, hotdropWhen(goesOn), type]
      },
    }
  },
}

function parseTypes(token: Token): NumberRange {
  const [first, last, more] = token.text.split(':')
  if (more !== undefined) throw new Refusal(token, `"${token.text}" is not a type; write TYPE or TYPE:TYPE`)
  if (last === undefined) {
    const type = parseType(token, first)
    return { low: type, high: type }
  }
  const low = first === '' ? 0 : parseType(token, first)
  const high = last === '' ? 255 : parseType(token, last)
  if (low > high) throw new Refusal(token, `the types ${token.text} run backwards; write the smaller one first`)
  return { low, high }
}

/** Names may be shortened, even to nothing: the first that begins so is meant. */
function parseType(token: Token, text: string): number {
  const fitting = TYPES.filter(([name]) => name.startsWith(text.toLowerCase()))
  const named = fitting.find(([name]) => name === text.toLowerCase()) ?? fitting[0]
  if (named) return named[1]
  const number = numberOf(text)
  if (number !== null && number <= 255) return number
  throw new Refusal(token, `"${text}" is not a mobility header type; write 0 to 255 or a name as binding-update`)
}
