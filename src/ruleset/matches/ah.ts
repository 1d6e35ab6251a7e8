import { PROTO_AH } from '../../wire/protocols.ts'
import type { MatchExtension } from '../extension.ts'
import { MASK_ALL, parseNumber } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { askExtension, headerLength } from './extension-chain.ts'
import { askTransport, readWord } from './header-bytes.ts'
import { parseSpis, printSpis, spiIn } from './spi.ts'

/** RFC 4302, without the integrity check value. */
const HEADER = 12
const SPI = 4

/** An extension header in IPv6, a transport protocol in IPv4. */
export const ah: MatchExtension = {
  name: 'ah',
  options: [
    { name: 'ahspi', negatable: true },
    { name: 'ahlen', negatable: true },
    { name: 'ahres', values: 0 },
  ],
  parse(options, { family }) {
    const spis = parseSpis(options, 'ahspi')
    if (family === 'ipv4') {
      const other = options.get('ahlen') ?? options.get('ahres')
      if (other) throw new Refusal(other.at, `--${other.spec.name} is for IPv6 rules only; take it away`)
      return {
        protocols: [PROTO_AH],
        print: () => printSpis('ahspi', spis),
        conditions: () => askTransport('AH SPI', HEADER, ({ bytes }, at) => spiIn(spis, readWord(bytes, at + SPI))),
      }
    }
    const lengthToken = options.value('ahlen')
    const length = lengthToken ? parseNumber(lengthToken, 0, MASK_ALL, 'length') : 0
    const negated = options.negated('ahlen')
    const reserved = options.has('ahres')
    const words = [
      printSpis('ahspi', spis),
      length !== 0 || negated ? printOption('ahlen', `${length}`, negated) : '',
      reserved ? '--ahres' : '',
    ]
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      conditions: () =>
        askExtension(PROTO_AH, 'authentication header', HEADER, ({ bytes }, at) =>
          Number(
            spiIn(spis, readWord(bytes, at + SPI)) &&
              (length === 0 || (headerLength(PROTO_AH, bytes, at) === length) !== negated) &&
              !(reserved && (bytes[at + 2] | bytes[at + 3]) !== 0),
          ),
        ),
    }
  },
}
