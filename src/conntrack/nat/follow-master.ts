import type { Follow } from '../expectations.ts'
import type { NatBinder } from './binder.ts'
import { ANY_RANGE, MANIP_DESTINATION, MANIP_SOURCE, type NatRange } from './range.ts'

/** Translates the new connection that a translated one announced, before any rule of the nat table is asked. */
export function followMaster(binder: NatBinder, follow: Follow): void {
  binder.bind(MANIP_SOURCE, rangeOf(follow.source, follow.sourcePort))
  binder.bind(MANIP_DESTINATION, rangeOf(follow.destination, follow.destinationPort))
}

function rangeOf(address: readonly number[], port: number): NatRange {
  return { ...ANY_RANGE, minAddress: address, maxAddress: address, minPort: port, maxPort: port }
}
