import type { ConnectionReader } from '../connection-reader.ts'
import type { ExpectationTable, Follow, PendingExpectation } from '../expectations.ts'
import type { NatBinder } from './binder.ts'
import { ANY_RANGE, MANIP_DESTINATION, MANIP_SOURCE, type NatRange } from './range.ts'

/** Translates a new connection that a translated one announced, before any rule of the nat table is evaluated. */
export function followMaster(
  binder: NatBinder,
  connection: number,
  met: PendingExpectation,
  connections: ConnectionReader,
  expectations: ExpectationTable,
  nowNs: number,
): void {
  const { follow } = met
  if (follow === null) return
  const source = sourceOf(connection, met, follow, connections, expectations.ofMaster(met.master, nowNs))
  const bindsDestinationFirst = follow.onlyFrom !== null
  if (source !== null && !bindsDestinationFirst) binder.bind(MANIP_SOURCE, source)
  binder.bind(MANIP_DESTINATION, rangeOf(follow.destination, follow.destinationPort))
  if (source !== null && bindsDestinationFirst) binder.bind(MANIP_SOURCE, source)
}

/** Null where the rules of the nat table decide about the source. */
function sourceOf(
  connection: number,
  met: PendingExpectation,
  follow: Follow,
  connections: ConnectionReader,
  siblings: readonly PendingExpectation[],
): NatRange | null {
  if (follow.onlyFrom === null) return rangeOf(follow.source, follow.sourcePort)
  const isFrom = (words: readonly number[]) =>
    words.every((word, i) => word === connections.address(connection, false, false, i))
  const port = connections.port(connection, false, false)
  // If the other direction of the media was announced, too, the source is where that one is expected. Policy 0 is
  // signalling.
  const pair =
    met.policy === 0
      ? undefined
      : siblings.find(
          (one) =>
            one.protocol === met.protocol &&
            one.follow !== null &&
            one.follow.destinationPort === port &&
            isFrom(one.follow.destination),
        )
  if (pair !== undefined) return rangeOf(pair.destination, pair.destinationPort)
  return isFrom(follow.onlyFrom) ? rangeOf(follow.source, -1) : null
}

function rangeOf(address: readonly number[], port: number): NatRange {
  return { ...ANY_RANGE, minAddress: address, maxAddress: address, minPort: port, maxPort: port }
}
