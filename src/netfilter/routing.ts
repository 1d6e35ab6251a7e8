import {
  IP_OPTION_BAD,
  IP_OPTION_SOURCE_ROUTE,
  IP_V4,
  P_DST,
  P_FAMILY,
  P_IP_OPTIONS,
  P_SRC,
  P_TTL,
} from '../wire/packet-fields.ts'
import { isMulticast, type LocalAddresses } from './address-set.ts'
import type { Mode } from './topology.ts'

/** The hooks that a packet takes. */
export const PATH_FORWARD = 0
export const PATH_INPUT = 1
export const PATH_OUTPUT = 2
/** From the machine to itself: OUTPUT and POSTROUTING, then PREROUTING and INPUT, over the loopback device. */
export const PATH_LOOPBACK = 3
/** PREROUTING, then refused by the routing code: the connection is never confirmed. */
export const PATH_REFUSED = 4
/** Not for this machine: its netfilter does not see the packet. */
export const PATH_UNSEEN = 5

const ALL_SYSTEMS_V4 = 0xe0000001 | 0
const LINK_LOCAL_V6 = 0xfe80 >>> 6

/** The way of a packet through the hooks, as the routing code decides it (oracle: verdict "not-routed"). */
export function pathOf(fields: Int32Array, base: number, mode: Mode, local: LocalAddresses): number {
  const family = fields[base + P_FAMILY]
  const fromLocal = !local.isEmpty && local.has(family, fields, base + P_SRC)
  const toLocal = !local.isEmpty && local.has(family, fields, base + P_DST)
  if (fromLocal) return toLocal ? PATH_LOOPBACK : PATH_OUTPUT
  const options = fields[base + P_IP_OPTIONS]
  if (family === IP_V4 && (options & (IP_OPTION_BAD | IP_OPTION_SOURCE_ROUTE)) !== 0) {
    return mode === 'host' && !toLocal ? PATH_UNSEEN : PATH_REFUSED
  }
  if (toLocal) return isMartianSource(fields, base, family) ? PATH_REFUSED : PATH_INPUT
  return family === IP_V4 ? pathV4(fields, base, mode, local) : pathV6(fields, base, mode, local)
}

function pathV4(fields: Int32Array, base: number, mode: Mode, local: LocalAddresses): number {
  const source = fields[base + P_SRC]
  const destination = fields[base + P_DST]
  if (local.isBroadcast(IP_V4, fields, base + P_DST) || (source === 0 && destination === 0)) {
    return isMartianSource(fields, base, IP_V4) && source !== 0 ? PATH_REFUSED : PATH_INPUT
  }
  if (isMulticast(IP_V4, fields, base + P_DST)) {
    // A machine with addresses is taken to have joined the groups that it gets; every machine is in 224.0.0.1.
    const joined = !local.isEmpty || destination === ALL_SYSTEMS_V4
    return joined && !isMartianSource(fields, base, IP_V4) ? PATH_INPUT : PATH_REFUSED
  }
  if (mode === 'host') return PATH_UNSEEN
  if (isMartianSource(fields, base, IP_V4) || source === 0 || destination === 0) return PATH_REFUSED
  if (destination >>> 24 === 127) return PATH_REFUSED
  return fields[base + P_TTL] <= 1 ? PATH_REFUSED : PATH_FORWARD
}

function pathV6(fields: Int32Array, base: number, mode: Mode, local: LocalAddresses): number {
  if (isMulticast(6, fields, base + P_DST)) {
    const joined = !local.isEmpty || isOwnGroupV6(fields, base, mode)
    return joined ? PATH_INPUT : PATH_REFUSED
  }
  if (mode === 'host') return PATH_UNSEEN
  if (fields[base + P_TTL] <= 1) return PATH_REFUSED
  const fromLinkLocal = fields[base + P_SRC] >>> 22 === LINK_LOCAL_V6
  const fromGroup = isMulticast(6, fields, base + P_SRC)
  const fromUnspecified =
    (fields[base + P_SRC] | fields[base + P_SRC + 1] | fields[base + P_SRC + 2] | fields[base + P_SRC + 3]) === 0
  if (fromLinkLocal || fromGroup || fromUnspecified) return PATH_REFUSED
  return PATH_FORWARD
}

/** All nodes (ff02::1), and for routers all routers (ff02::2): the groups that a machine joins by itself. */
function isOwnGroupV6(fields: Int32Array, base: number, mode: Mode): boolean {
  if (fields[base + P_DST] >>> 16 !== 0xff02) return false
  if ((fields[base + P_DST] & 0xffff) !== 0 || fields[base + P_DST + 1] !== 0 || fields[base + P_DST + 2] !== 0)
    return false
  const last = fields[base + P_DST + 3]
  return last === 1 || (last === 2 && mode === 'router')
}

/** IPv4 sources that no packet may have: groups, broadcast, loopback. */
function isMartianSource(fields: Int32Array, base: number, family: number): boolean {
  if (family !== IP_V4) return false
  const source = fields[base + P_SRC]
  return source >>> 28 === 0xe || source === -1 || source >>> 24 === 127
}
