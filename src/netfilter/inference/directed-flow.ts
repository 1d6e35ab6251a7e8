import { mixIn } from '../../wire/flow-hash.ts'
import { IP_V4, P_FAMILY, P_PROTOCOL } from '../../wire/packet-fields.ts'

/**
 * A hash of a flow in one direction. Without the seed of other hashes, since what is recognised by it shows in the
 * output.
 * @param source, destination words of the row where the addresses begin, @param ports of these ends
 */
export function directedFlowHash(
  rows: Int32Array,
  base: number,
  source: number,
  destination: number,
  ports: number,
): number {
  const family = rows[base + P_FAMILY]
  const ends = mixIn(addressWord(rows, base + source, family), addressWord(rows, base + destination, family))
  return mixIn(mixIn(ends, ports), rows[base + P_PROTOCOL])
}

/** An address of IPv4, or a hash of one of IPv6. */
export function addressWord(rows: Int32Array, at: number, family: number): number {
  if (family === IP_V4) return rows[at]
  return mixIn(mixIn(mixIn(rows[at], rows[at + 1]), rows[at + 2]), rows[at + 3])
}
