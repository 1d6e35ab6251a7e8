import { P_TCP_FLAGS_WINDOW, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import type { TargetExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT } from '../packet/hooks.ts'
import { VERDICT_DROP } from '../packet/rule-packet.ts'
import { MASK_ALL, parseNumber } from '../text/numbers.ts'

/**
 * Answers handshakes in place of the server: a SYN, or an ACK of the client, ends here, whether its cookie is valid
 * (then the kernel opens a connection of its own) or not. All other packets go on.
 */
export const synproxy: TargetExtension = {
  name: 'SYNPROXY',
  protocols: [PROTO_TCP],
  hooks: [HOOK_INPUT, HOOK_FORWARD],
  options: [
    { name: 'sack-perm', values: 0 },
    { name: 'timestamp', values: 0 },
    { name: 'wscale' },
    { name: 'mss' },
    { name: 'ecn', values: 0 },
  ],
  parse(options) {
    // iptables keeps the low bits of larger numbers.
    const words: string[] = []
    for (const name of ['sack-perm', 'timestamp']) if (options.has(name)) words.push(`--${name}`)
    const wscale = options.value('wscale')
    if (wscale) words.push(`--wscale ${parseNumber(wscale, 0, MASK_ALL, 'window scale') & 255}`)
    const mss = options.value('mss')
    if (mss) words.push(`--mss ${parseNumber(mss, 0, MASK_ALL, 'MSS') & 0xffff}`)
    if (options.has('ecn')) words.push('--ecn')
    return {
      print: () => words.join(' '),
      action: {
        kind: 'edit',
        parts: 0,
        edit({ fields, base }) {
          const flags = fields[base + P_TCP_FLAGS_WINDOW] >>> 16
          const isSyn = (flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST)) === TCP_SYN
          const isAck = (flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST)) === TCP_ACK
          return isSyn || isAck ? VERDICT_DROP : 0
        },
      },
    }
  },
}
