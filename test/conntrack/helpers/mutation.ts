import { be16, be32, checksum, concat } from '../../support/packets.ts'
import type { CaptureFrame } from '../../support/pcap.ts'
import type { HelperProbe } from './probes/probe.ts'

const LETTERS = new TextEncoder().encode('0123456789,|.: \r\n;=@/()aAxXsS\x00\x01\x03\x08\x40\x80\xff')

/** Numbers below a bound, the same for the same seed. */
export type Random = (below: number) => number

export function randomFrom(seed: number): Random {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** The probe with some of its payloads changed, cut or made longer; lengths and checksums of the headers are right. */
export function mutated(probe: HelperProbe, random: Random): HelperProbe {
  const packets = probe.packets.map((packet): Uint8Array | CaptureFrame => {
    if (random(3) === 0) return packet
    return packet instanceof Uint8Array ? changed(packet, random) : { ...packet, bytes: changed(packet.bytes, random) }
  })
  return { ...probe, packets }
}

function changed(packet: Uint8Array, random: Random): Uint8Array {
  const isIpv6 = packet[0] >> 4 === 6
  const transport = isIpv6 ? 40 : 20
  const protocol = packet[isIpv6 ? 6 : 9]
  if (protocol !== 6 && protocol !== 17) return packet
  const payload = transport + (protocol === 6 ? (packet[transport + 12] >> 4) * 4 : 8)
  if (payload >= packet.length) return packet
  const copy = random(6) === 0 ? resized(packet, payload, random) : packet.slice()
  if (copy.length > payload) for (let changes = 1 + random(3); changes > 0; changes--) changeOnce(copy, payload, random)
  return sealed(copy, isIpv6, transport, protocol)
}

/** The payload ends sooner, or is longer by bytes of its beginning. */
function resized(packet: Uint8Array, payload: number, random: Random): Uint8Array {
  if (random(3) > 0) return packet.slice(0, payload + random(packet.length - payload))
  return concat(packet, packet.slice(payload, payload + 1 + random(8)))
}

function changeOnce(bytes: Uint8Array, payload: number, random: Random): void {
  const at = payload + random(bytes.length - payload)
  switch (random(4)) {
    case 0:
      bytes[at] = LETTERS[random(LETTERS.length)]
      break
    case 1:
      bytes[at] ^= 1 << random(8)
      break
    case 2:
      // A byte is doubled, and the last goes; or one goes, and the last is doubled.
      bytes.copyWithin(at + 1, at, bytes.length - 1)
      break
    default:
      bytes.copyWithin(at, at + 1)
  }
}

function sealed(packet: Uint8Array, isIpv6: boolean, transport: number, protocol: number): Uint8Array {
  const length = packet.length - transport
  if (isIpv6) packet.set(be16(length), 4)
  else {
    packet.set(be16(packet.length), 2)
    packet.fill(0, 10, 12)
    packet.set(be16(checksum(packet.slice(0, transport))), 10)
  }
  if (protocol === 17) packet.set(be16(length), transport + 4)
  const addresses = isIpv6 ? packet.slice(8, 40) : packet.slice(12, 20)
  const place = transport + (protocol === 6 ? 16 : 6)
  packet.fill(0, place, place + 2)
  const segment = packet.slice(transport)
  packet.set(be16(checksum(concat(addresses, be32(segment.length, protocol)), segment) || 0xffff), place)
  return packet
}
