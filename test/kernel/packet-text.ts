import { addressText } from '../../src/wire/address.ts'
import {
  IP_NONE,
  NOTE_NAMES,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L4_LENGTH,
  P_NOTE,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_ACK,
  P_TCP_FLAGS_WINDOW,
  P_TCP_SEQ,
} from '../../src/wire/packet-fields.ts'

const PORTED = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
  [136, 'udplite'],
])

/** A packet on one line for people, and the key of the connection it would belong to, the same in both directions. */
export function packetText(fields: Int32Array, base: number): { key: string; text: string } {
  const family = fields[base + P_FAMILY]
  if (family === IP_NONE) return { key: '', text: `(${NOTE_NAMES[fields[base + P_NOTE]]})` }
  const protocol = fields[base + P_PROTOCOL]
  const ports = fields[base + P_PORTS]
  const name = PORTED.get(protocol)
  let source = addressText(fields, base + P_SRC, family)
  let destination = addressText(fields, base + P_DST, family)
  const key = packetKey(protocol, source, ports >>> 16, destination, ports & 0xffff)
  if (name !== undefined) {
    source += ` ${ports >>> 16}`
    destination += ` ${ports & 0xffff}`
  }
  let detail = ''
  if (protocol === 6) {
    const word = fields[base + P_TCP_FLAGS_WINDOW]
    const flags = [...'FSRPAUEC'].filter((_, bit) => (word >>> (16 + bit)) & 1).join('')
    const length = fields[base + P_L4_LENGTH] - (word >>> 28) * 4
    detail = ` [${flags}] seq ${fields[base + P_TCP_SEQ] >>> 0} ack ${fields[base + P_TCP_ACK] >>> 0} win ${word & 0xffff} len ${length}`
  } else if (protocol === 1 || protocol === 58) {
    detail = ` type ${ports >>> 24} code ${(ports >>> 16) & 255} id ${ports & 0xffff}`
  }
  const fragment = fields[base + P_FRAGMENT] & 0x3fff
  if (fragment !== 0) detail += ` fragment ${(fragment & 0x1fff) * 8}${fragment & 0x2000 ? '+' : ''}`
  return { key, text: `${name ?? `proto ${protocol}`} ${source} > ${destination}${detail}` }
}

/** Key of the connection that a packet would belong to, the same in both directions; ports only of protocols with ports. */
export function packetKey(
  protocol: number,
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
): string {
  const ends = PORTED.has(protocol)
    ? [`${source} ${sourcePort}`, `${destination} ${destinationPort}`]
    : [source, destination]
  return `${protocol} ${ends.sort().join(' ')}`
}
