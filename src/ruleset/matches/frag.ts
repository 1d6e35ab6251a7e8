import { PROTO_FRAGMENT } from '../../wire/protocols.ts'
import type { MatchExtension } from '../extension.ts'
import { MASK_ALL, parseNumber, parseRangeLoosely, printRange } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { askExtension } from './extension-chain.ts'
import { readWord } from './header-bytes.ts'

/**
 * The IPv6 fragment header, where there is one: defragmentation takes it away, atomic fragments' too, as soon as the
 * tracker is in use. The kernel takes `--fraglen` and never looks at it.
 */
export const frag: MatchExtension = {
  name: 'frag',
  family: 'ipv6',
  options: [
    { name: 'fragid', negatable: true },
    { name: 'fraglen', negatable: true },
    { name: 'fragres', values: 0 },
    { name: 'fragfirst', values: 0 },
    { name: 'fragmore', values: 0 },
    { name: 'fraglast', values: 0 },
  ],
  parse(options) {
    const idToken = options.value('fragid')
    const ids = idToken ? parseRangeLoosely(idToken, 0, MASK_ALL, 'identification') : { low: 0, high: MASK_ALL }
    const negated = options.negated('fragid')
    const lengthToken = options.value('fraglen')
    const length = lengthToken ? parseNumber(lengthToken, 0, MASK_ALL, 'length') : 0
    const [more, last] = [options.get('fragmore'), options.get('fraglast')]
    if (more && last) throw new Refusal(last.at, '--fraglast cannot stand together with --fragmore; keep one')
    const [reserved, first] = [options.has('fragres'), options.has('fragfirst')]
    const words = [
      ids.low === 0 && ids.high === MASK_ALL ? '' : printOption('fragid', printRange(ids), negated),
      lengthToken ? printOption('fraglen', `${length}`, options.negated('fraglen')) : '',
      reserved ? '--fragres' : '',
      first ? '--fragfirst' : '',
      more ? '--fragmore' : '',
      last ? '--fraglast' : '',
    ]
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      conditions: () =>
        askExtension(PROTO_FRAGMENT, 'fragment header', 8, ({ bytes }, at) => {
          const id = readWord(bytes, at + 4)
          const place = (bytes[at + 2] << 8) | bytes[at + 3]
          return Number(
            (id >= ids.low && id <= ids.high) !== negated &&
              !(reserved && (bytes[at + 1] !== 0 || (place & 6) !== 0)) &&
              !(first && (place & 0xfff8) !== 0) &&
              !(more && (place & 1) === 0) &&
              !(last && (place & 1) !== 0),
          )
        }),
    }
  },
}
