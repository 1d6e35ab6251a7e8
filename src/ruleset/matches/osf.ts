import { all, equals, undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_PREROUTING } from '../rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import { PROTOCOL_TCP } from '../text/protocols.ts'

/** MAXGENRELEN without its final zero; iptables keeps that much. */
const GENRE_MAX = 31
const SYN = 0x02
const MISSING =
  'the fingerprints that were loaded (nfnl_osf) are not in the capture; settle it with --assume osf (false where none were)'

/** Passive fingerprints: only packets with SYN have one. */
export const osf: MatchExtension = {
  name: 'osf',
  family: 'ipv4',
  protocols: [PROTOCOL_TCP],
  hooks: [HOOK_INPUT, HOOK_PREROUTING, HOOK_FORWARD],
  options: [{ name: 'genre', negatable: true }, { name: 'ttl' }, { name: 'log' }],
  parse(options) {
    const token = options.required('genre')
    const words = [`${options.negated('genre') ? '! ' : ''}--genre ${token.text.slice(0, GENRE_MAX)}`]
    for (const name of ['ttl', 'log']) {
      const value = options.value(name)
      if (value) words.push(`--${name} ${parseNumber(value, 0, 2, name)}`)
    }
    return {
      print: () => words.join(' '),
      conditions: () => [all([equals('tcpFlags', SYN, false, SYN), undecidable(MISSING)])],
    }
  },
}
