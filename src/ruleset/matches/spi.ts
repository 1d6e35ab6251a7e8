import { PROTO_ESP, PROTO_IPCOMP } from '../../wire/protocols.ts'
import type { Condition } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { MASK_ALL, type NumberRange, parseRangeLoosely, printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { askTransport, readWord } from './header-bytes.ts'

/** `--NAME N[:M]`, a range of security parameter indexes. */
interface SpiRange extends NumberRange {
  readonly negated: boolean
}

const EVERY: SpiRange = { low: 0, high: MASK_ALL, negated: false }

export function parseSpis(options: Options, name: string, otherwise = EVERY): SpiRange {
  const token = options.value(name)
  if (!token) return otherwise
  return { ...parseRangeLoosely(token, 0, MASK_ALL, 'SPI'), negated: options.negated(name) }
}

/** The range of all is never printed, even negated. */
export function printSpis(name: string, spis: SpiRange): string {
  return spis.low === 0 && spis.high === MASK_ALL ? '' : printOption(name, printRange(spis), spis.negated)
}

export function spiIn(spis: SpiRange, spi: number): boolean {
  return (spi >= spis.low && spi <= spis.high) !== spis.negated
}

/** RFC 4303 */
export const esp: MatchExtension = {
  name: 'esp',
  protocols: [PROTO_ESP],
  options: [{ name: 'espspi', negatable: true }],
  parse(options) {
    const spis = parseSpis(options, 'espspi')
    return {
      print: () => printSpis('espspi', spis),
      conditions: () => askTransport('ESP SPI', 8, ({ bytes }, at) => spiIn(spis, readWord(bytes, at))),
    }
  },
}

/** RFC 3173. Without an option iptables asks for 0; the kernel takes `--compres` and never looks at it. */
export const ipcomp: MatchExtension = {
  name: 'ipcomp',
  protocols: [PROTO_IPCOMP],
  options: [
    { name: 'ipcompspi', negatable: true },
    { name: 'compres', values: 0 },
  ],
  parse(options) {
    const spis = parseSpis(options, 'ipcompspi', { low: 0, high: 0, negated: false })
    const words = [printSpis('ipcompspi', spis), options.has('compres') ? '--compres' : '']
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      conditions: (): Condition[] =>
        askTransport('IPComp CPI', 4, ({ bytes }, at) => spiIn(spis, (bytes[at + 2] << 8) | bytes[at + 3])),
    }
  },
}
