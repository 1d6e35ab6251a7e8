import { PROTO_TCP } from '../../wire/protocols.ts'
import { all, type CallContext, type Condition, equals, undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_PREROUTING } from '../packet/hooks.ts'
import { parseNumber } from '../text/numbers.ts'
import { FingerprintTest, OsfFingerprints, TTL_EQUAL } from './osf-fingerprints.ts'

/** MAXGENRELEN without its final zero; iptables keeps that much. */
const GENRE_MAX = 31
const SYN = 0x02
const MISSING =
  'the fingerprints that were loaded (nfnl_osf) are not in the capture; give their file with --fingerprints, or settle it with --assume osf=yes|no (false where none were)'
const CHANGED = 'an earlier rule may have changed the packet, or the capture cut its TCP options off'

/** Passive fingerprints: only packets with SYN have one. */
export const osf: MatchExtension = {
  name: 'osf',
  family: 'ipv4',
  protocols: [PROTO_TCP],
  hooks: [HOOK_INPUT, HOOK_PREROUTING, HOOK_FORWARD],
  options: [{ name: 'genre', negatable: true }, { name: 'ttl' }, { name: 'log' }],
  parse(options) {
    const token = options.required('genre')
    const genre = token.text.slice(0, GENRE_MAX)
    const words = [`${options.negated('genre') ? '! ' : ''}--genre ${genre}`]
    for (const name of ['ttl', 'log']) {
      const value = options.value(name)
      if (value) words.push(`--${name} ${parseNumber(value, 0, 2, name)}`)
    }
    const ttlToken = options.value('ttl')
    const ttl = ttlToken ? parseNumber(ttlToken, 0, 2, 'ttl') : TTL_EQUAL
    const label = words.join(' ')
    // The kernel does not look at the genre where it is to log, and never at the negation.
    const asksForGenre = !options.has('log')
    return {
      print: () => label,
      conditions: (context) => [
        all([equals('tcpFlags', SYN, false, SYN), alike(asksForGenre ? genre : null, ttl, label, context)]),
      ],
    }
  },
}

/** @param genre null for any */
function alike(genre: string | null, ttl: number, label: string, { memory }: CallContext): Condition {
  const { list } = memory.shared(OsfFingerprints, '', () => new OsfFingerprints(null))
  if (list === null) return undecidable(MISSING)
  const prints = list.filter((print) => genre === null || print.genre === genre)
  return { kind: 'call', label, negated: false, missing: CHANGED, create: () => new FingerprintTest(prints, ttl) }
}
