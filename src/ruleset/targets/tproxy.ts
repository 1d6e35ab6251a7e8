import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import type { Action, EditAction } from '../evaluate/action.ts'
import type { TargetExtension } from '../extension.ts'
import { HOOK_PREROUTING } from '../packet/hooks.ts'
import { PART_ROUTE } from '../packet/packet-edits.ts'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../packet/rule-packet.ts'
import { parseHost, printAddress, type Words } from '../text/addresses.ts'
import { hex, parseMasked } from '../text/numbers.ts'
import { parseAnyPort } from '../text/ports.ts'

/** @param mark the bits that it clears, and those that it then turns over */
function handedOver(mark: { readonly value: number; readonly mask: number }): Action {
  const accepted: EditAction = {
    kind: 'edit',
    parts: PART_ROUTE,
    edit(packet) {
      // Packets with a socket are not forwarded: they reach the program, or are dropped.
      packet.edits.willChange(packet, PART_ROUTE)
      packet.mark = (packet.mark & ~mark.mask) ^ mark.value
      packet.unknownMark &= ~mark.mask
      return VERDICT_ACCEPT
    },
  }
  return {
    kind: 'undecided',
    possible: (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP),
    missing:
      'whether a program takes the connection (without one it is dropped); settle it with --assume TPROXY=yes|no',
    accepted,
  }
}

/** Hands a packet to a program of this machine, or drops it where none listens. */
export const tproxy: TargetExtension = {
  name: 'TPROXY',
  tables: ['mangle'],
  hooks: [HOOK_PREROUTING],
  protocols: [PROTO_TCP, PROTO_UDP],
  options: [{ name: 'on-port' }, { name: 'on-ip' }, { name: 'tproxy-mark' }],
  parse(options, { family }) {
    const port = parseAnyPort(options.required('on-port'))
    const addressToken = options.value('on-ip')
    const any: Words = family === 'ipv4' ? [0] : [0, 0, 0, 0]
    const address = addressToken ? parseHost(addressToken, family) : any
    const markToken = options.value('tproxy-mark')
    const mark = markToken ? parseMasked(markToken, 'mark') : { value: 0, mask: 0 }
    const words = [
      `--on-port ${port}`,
      `--on-ip ${printAddress(address)}`,
      `--tproxy-mark ${hex(mark.value)}/${hex(mark.mask)}`,
    ]
    return { print: () => words.join(' '), action: handedOver(mark) }
  },
}
