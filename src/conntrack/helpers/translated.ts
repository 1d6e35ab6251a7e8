import { EXPECT_ADDED, EXPECT_BUSY, type Follow } from '../expectations.ts'
import { PORT_ATTEMPTS } from '../nat/range.ts'
import type { Announcement, HelpedPacket } from './helper.ts'

export const PORT_MAX = 65_535

/**
 * The translation of a connection announced by a packet of `direction`, on the pattern of its master: its source
 * becomes the address that the packet goes to, its destination the host that announced it. Null where the master is not
 * translated.
 * @param port at which it is expected
 */
export function asMaster(packet: HelpedPacket, direction: number, port: number): Follow | null {
  if (!packet.isTranslated) return null
  return {
    source: packet.address(direction, true),
    sourcePort: -1,
    destination: packet.address(direction, false),
    destinationPort: port,
    onlyFrom: null,
  }
}

/**
 * Announces a connection to the wanted port, or to another one if that is in use: the kernel looks for one above it at
 * random, we take the next. Returns the port, or 0 for none.
 */
export function expectAtFreePort(packet: HelpedPacket, announced: Announcement): number {
  const wanted = announced.destinationPort
  const attempts = Math.min(PORT_MAX - wanted, PORT_ATTEMPTS)
  for (let port = wanted; port <= wanted + attempts; port++) {
    const result = packet.expect({ ...announced, destinationPort: port })
    if (result === EXPECT_ADDED) return port
    if (result !== EXPECT_BUSY) break
  }
  return 0
}
