import {
  auth,
  datagram,
  destinationOptions,
  type Extension,
  fragmentHeader,
  hopByHop,
  routing,
  udp,
} from '../support/packets.ts'

const PATH = '[2001:db8::1]:1>[2001:db8::2]:2'

/** UDP after extension headers. */
export const udpAfter = (...extensions: Extension[]): Uint8Array => udp(PATH, { extensions })

/** The same with its end cut off on the wire, so that the chain breaks. */
export function ended(packet: Uint8Array, length: number): Uint8Array {
  const short = packet.slice(0, length)
  short[4] = (length - 40) >> 8
  short[5] = (length - 40) & 255
  return short
}

/** A routing header with addresses. */
export function route(type: number, segmentsLeft: number, addresses: readonly number[], reserved = 0): Extension {
  const body = addresses.flatMap((last) => [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), last])
  return { protocol: 43, bytes: [0, body.length / 8, type, segmentsLeft, 0, 0, 0, reserved, ...body] }
}

/** Chains of all kinds, whole and broken. */
export const CHAINS: readonly Uint8Array[] = [
  udpAfter(),
  udpAfter(hopByHop()),
  udpAfter(destinationOptions()),
  udpAfter(destinationOptions(30, 4, 1, 2, 3, 4, 31, 0)),
  udpAfter(hopByHop(30, 0, 31, 2, 7, 7, 0, 0, 32, 1, 5)),
  udpAfter(routing()),
  udpAfter(auth()),
  udpAfter(fragmentHeader(0, false, 7)),
  udpAfter(hopByHop(), destinationOptions(), routing(), auth(), destinationOptions(30, 1, 1)),
  udpAfter(destinationOptions(), destinationOptions(40, 0)),
  udpAfter(auth(), auth()),
  datagram('2001:db8::1>2001:db8::2', 59, [1, 2, 3]),
  datagram('2001:db8::1>2001:db8::2', 50, [1, 2, 3]),
  datagram('2001:db8::1>2001:db8::2', 50, [1]),
  datagram('2001:db8::1>2001:db8::2', 60, []),
  datagram('2001:db8::1>2001:db8::2', 60, [17]),
  datagram('2001:db8::1>2001:db8::2', 43, [17, 4]),
  datagram('2001:db8::1>2001:db8::2', 60, [59, 0]),
  ended(udpAfter(destinationOptions(), auth()), 56),
  ended(udpAfter(destinationOptions(), routing()), 50),
  ended(udpAfter(destinationOptions(30, 20)), 48),
  udpAfter({ protocol: 60, bytes: [0, 0, 30, 20, 31, 0, 32, 0] }),
  udpAfter({ protocol: 60, bytes: [0, 0, 30, 2, 1, 1, 31, 1] }),
  udpAfter({ protocol: 60, bytes: [0, 0, 0, 0, 0, 0, 0, 30] }),
]
