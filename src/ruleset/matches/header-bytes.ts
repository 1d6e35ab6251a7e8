import { networkWord } from '../../wire/byte-view.ts'
import { P_L3_CAPTURED, P_L3_LENGTH, P_L3_OFFSET, P_L4_OFFSET } from '../../wire/packet-fields.ts'
import { type CallCondition, type Condition, hotdropWhen, isBetween, UNKNOWN } from '../evaluate/condition.ts'
import { cutPacket } from '../packet/cut-packet.ts'
import type { RulePacket } from '../packet/rule-packet.ts'

/** Why TCP options may be unknown: TCPMSS and TCPOPTSTRIP change them. */
export const OPTIONS_LOST =
  'the capture cut the packet (capture with a larger snap length), or a rule changed its TCP options in a way that no capture tells'

/**
 * A question about the packet's bytes. `test` gives NO, YES or UNKNOWN; UNKNOWN where the snap length cut the packet.
 */
export function ask(
  label: string,
  test: (packet: RulePacket) => number,
  negated = false,
  missing = cutPacket('before what is asked for'),
): CallCondition {
  return { kind: 'call', label, negated, missing, create: () => ({ test }) }
}

/** Offset after the datagram's last byte on the wire. */
export function wireEnd(packet: RulePacket): number {
  return packet.fields[packet.base + P_L3_OFFSET] + packet.fields[packet.base + P_L3_LENGTH]
}

/** Offset after the datagram's last captured byte. */
export function capturedEnd(packet: RulePacket): number {
  return packet.fields[packet.base + P_L3_OFFSET] + packet.fields[packet.base + P_L3_CAPTURED]
}

/** As `networkWord`, unsigned. */
export function readWord(bytes: Uint8Array, at: number): number {
  return networkWord(bytes, at) >>> 0
}

/**
 * Asks about the transport header: never holds for later fragments, drops a packet whose header is shorter than
 * `bytes`.
 * @param test gets the offset of the header in the packet's bytes, of which `bytes` are there
 */
export function askTransport(
  label: string,
  bytes: number,
  test: (packet: RulePacket, at: number) => boolean,
  negated = false,
): Condition[] {
  return [
    isBetween('fragmentOffset', { low: 0, high: 0 }),
    hotdropWhen(isBetween('transportLength', { low: 0, high: bytes - 1 })),
    ask(
      label,
      (packet) => {
        const at = packet.fields[packet.base + P_L4_OFFSET]
        return at + bytes > capturedEnd(packet) ? UNKNOWN : Number(test(packet, at))
      },
      negated,
    ),
  ]
}
