import { LINK_BROADCAST, LINK_HOST, LINK_MULTICAST, LINK_OTHERHOST } from '../../wire/packet-fields.ts'
import { equals } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const TYPES: readonly (readonly [string, number])[] = [
  ['unicast', LINK_HOST],
  ['broadcast', LINK_BROADCAST],
  ['multicast', LINK_MULTICAST],
  // Never met: what is for another host does not get to the hooks.
  ['otherhost', LINK_OTHERHOST],
  ['host', LINK_HOST],
  ['bcast', LINK_BROADCAST],
  ['mcast', LINK_MULTICAST],
]

/** How the frame was addressed on the link. */
export const pkttype: MatchExtension = {
  name: 'pkttype',
  options: [{ name: 'pkt-type', negatable: true }],
  parse(options) {
    const token = options.required('pkt-type')
    const type = TYPES.find(([name]) => name === token.text.toLowerCase())?.[1]
    if (type === undefined) {
      throw new Refusal(token, `"${token.text}" is not a packet type; write unicast, broadcast or multicast`)
    }
    const negated = options.negated('pkt-type')
    return {
      print: () => printOption('pkt-type', TYPES[type][0], negated),
      conditions: () => [equals('linkType', type, negated)],
    }
  },
}
