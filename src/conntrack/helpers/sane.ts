import { networkWord } from '../../wire/byte-view.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import { EXPECT_ADDED } from '../expectations.ts'
import { HELP_ACCEPT, HELP_DROP, type HelpedPacket, type Helper, isAnswered } from './helper.ts'

const REQUEST_BYTES = 8
const REPLY_BYTES = 8
/** Remote procedure SANE_NET_START. */
const START = 7

/** SANE network scanners: the answer to SANE_NET_START (status, a word, port) names the port of the image data. */
export const SANE: Helper = {
  name: 'sane',
  protocols: [PROTO_TCP],
  ipv6: true,
  policies: [{ maxExpected: 1, timeoutSeconds: 300 }],
  reads: REPLY_BYTES,
  help(packet: HelpedPacket): number {
    if (!isAnswered(packet.info) || packet.payloadLength === 0) return HELP_ACCEPT
    const memory = packet.memory(() => ({ startAsked: false }))
    const { bytes, payload, payloadLength } = packet
    const firstWord = networkWord(bytes, payload)
    if (packet.direction === 0) {
      if (payloadLength === REQUEST_BYTES) memory.startAsked = firstWord === START
      return HELP_ACCEPT
    }
    if (!memory.startAsked) return HELP_ACCEPT
    memory.startAsked = false
    if (payloadLength < REPLY_BYTES || firstWord !== 0) return HELP_ACCEPT
    const second = networkWord(bytes, payload + 4)
    if (second >>> 16 !== 0) return HELP_ACCEPT
    const result = packet.expect({
      protocol: PROTO_TCP,
      source: packet.address(0, false),
      destination: packet.address(0, true),
      destinationPort: second & 0xffff,
    })
    return result === EXPECT_ADDED ? HELP_ACCEPT : HELP_DROP
  },
}
