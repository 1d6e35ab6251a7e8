import {
  IP_OPTION_BAD,
  IP_OPTION_SOURCE_ROUTE,
  IP_V4,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_IP_OPTIONS,
  P_PROTOCOL,
  P_SRC,
  P_TTL,
} from '../wire/packet-fields.ts'
import { PROTO_IGMP } from '../wire/protocols.ts'
import { isLoopback, isMulticast } from './address-kinds.ts'
import type { LocalAddresses } from './local-addresses.ts'
import type { Mode } from './topology.ts'

/** The hooks that a packet takes. */
const PATH_FORWARD = 0
export const PATH_INPUT = 1
export const PATH_OUTPUT = 2
/** From the machine to itself: OUTPUT and POSTROUTING, then PREROUTING and INPUT, over the loopback device. */
export const PATH_LOOPBACK = 3
/** PREROUTING, then refused by the routing code: the connection is never confirmed. */
export const PATH_REFUSED = 4
/** The packet is not for this machine: its netfilter does not see it. */
export const PATH_UNSEEN = 5

const LOOPBACK_V4 = 127
const ALL_SYSTEMS_V4 = 0xe0000001 | 0
/** 224.0.0.0/24, the groups of one link. */
const LINK_GROUPS_V4 = 0xe00000
/** 127.0.0.1 */
const OWN_LOOPBACK_V4 = 0x7f000001
const LINK_LOCAL_V6 = 0xfe80 >>> 6
/** ff02::1:ff00:0/104: an address's own group, by its last three bytes. */
const SOLICITED_NODE_V6 = 0xff

/** The way of a packet through the hooks, as the routing code decides it (oracle: verdict "not-routed"). */
export function pathOf(fields: Int32Array, base: number, mode: Mode, local: LocalAddresses): number {
  const family = fields[base + P_FAMILY]
  const fromLocal = !local.isEmpty && local.has(family, fields, base + P_SRC)
  const toLocal =
    !local.isEmpty &&
    (local.has(family, fields, base + P_DST) ||
      (mode === 'router' && local.isSubnetRouterAnycast(family, fields, base + P_DST)))
  // A packet to the unspecified address goes to the machine itself.
  if (fromLocal) return toLocal || isUnspecified(family, fields, base + P_DST) ? PATH_LOOPBACK : PATH_OUTPUT
  // Packets to loopback addresses are refused on all other devices.
  if (isLoopback(family, fields, base + P_DST)) return PATH_REFUSED
  if (hasRefusedOptions(fields, base)) {
    const isOurs = toLocal || local.isBroadcast(IP_V4, fields, base + P_DST) || isMulticast(IP_V4, fields, base + P_DST)
    return mode === 'host' && !isOurs ? PATH_UNSEEN : PATH_REFUSED
  }
  if (family !== IP_V4) return toLocal ? PATH_INPUT : pathV6(fields, base, mode, local)
  if (!toLocal) return pathV4(fields, base, mode, local)
  return isMartianSource(fields[base + P_SRC]) || fields[base + P_SRC] === 0 ? PATH_REFUSED : PATH_INPUT
}

/**
 * IPv4 options that Linux refuses after PREROUTING: malformed ones, and routes of the sender's choice
 * (accept_source_route=0).
 */
export function hasRefusedOptions(fields: Int32Array, base: number): boolean {
  const isV4 = fields[base + P_FAMILY] === IP_V4
  return isV4 && (fields[base + P_IP_OPTIONS] & (IP_OPTION_BAD | IP_OPTION_SOURCE_ROUTE)) !== 0
}

function pathV4(fields: Int32Array, base: number, mode: Mode, local: LocalAddresses): number {
  const source = fields[base + P_SRC]
  const destination = fields[base + P_DST]
  const isMartian = isMartianSource(source)
  // A host without an address yet may send to 255.255.255.255, and to the groups of its link. A loopback address may only
  // send to the former, unless it is this machine's own (test/netfilter/routing-cases.ts).
  if (destination === -1 || (source === 0 && destination === 0)) {
    return isGroupSource(source) || source === OWN_LOOPBACK_V4 ? PATH_REFUSED : PATH_INPUT
  }
  if (isMulticast(IP_V4, fields, base + P_DST)) {
    // A host is assumed to have joined the groups that it receives; every machine is in 224.0.0.1.
    if (isMartian || (mode === 'router' && destination !== ALL_SYSTEMS_V4)) return PATH_REFUSED
    const hasSource = source !== 0 || fields[base + P_PROTOCOL] === PROTO_IGMP
    return hasSource || destination >>> 8 === LINK_GROUPS_V4 ? PATH_INPUT : PATH_REFUSED
  }
  if (local.isBroadcast(IP_V4, fields, base + P_DST)) return isMartian || source === 0 ? PATH_REFUSED : PATH_INPUT
  if (mode === 'host') return PATH_UNSEEN
  if (isMartian || source === 0 || destination === 0) return PATH_REFUSED
  return fields[base + P_TTL] <= 1 ? PATH_REFUSED : PATH_FORWARD
}

function pathV6(fields: Int32Array, base: number, mode: Mode, local: LocalAddresses): number {
  if (isMulticast(IP_V6, fields, base + P_DST)) {
    return mode === 'host' || isOwnGroupV6(fields, base, local) ? PATH_INPUT : PATH_REFUSED
  }
  if (mode === 'host') return PATH_UNSEEN
  if (fields[base + P_TTL] <= 1) return PATH_REFUSED
  const isLinkLocal = fields[base + P_SRC] >>> 22 === LINK_LOCAL_V6 || fields[base + P_DST] >>> 22 === LINK_LOCAL_V6
  const fromGroup = isMulticast(IP_V6, fields, base + P_SRC)
  if (isLinkLocal || fromGroup || isUnspecified(IP_V6, fields, base + P_SRC)) return PATH_REFUSED
  return PATH_FORWARD
}

/**
 * Whether routing refuses a packet that came in over the loopback device and got another destination there by NAT: one
 * that is not for the machine itself, and for IPv4 every packet from or to 127/8 (asked of Linux 6.18).
 */
export function isRefusedOnLoopback(fields: Int32Array, base: number, mode: Mode, local: LocalAddresses): boolean {
  const isV4 = fields[base + P_FAMILY] === IP_V4
  if (isV4 && (isLoopback(IP_V4, fields, base + P_SRC) || isLoopback(IP_V4, fields, base + P_DST))) return true
  return pathOf(fields, base, mode, local) !== PATH_LOOPBACK
}

/** The groups that a router joins by itself: all nodes (ff02::1), all routers (ff02::2), those of its own addresses. */
function isOwnGroupV6(fields: Int32Array, base: number, local: LocalAddresses): boolean {
  if (fields[base + P_DST] !== (0xff020000 | 0) || fields[base + P_DST + 1] !== 0) return false
  const last = fields[base + P_DST + 3]
  if (fields[base + P_DST + 2] === 0) return last === 1 || last === 2
  return fields[base + P_DST + 2] === 1 && last >>> 24 === SOLICITED_NODE_V6 && local.endsWith(last & 0xffffff)
}

function isUnspecified(family: number, fields: Int32Array, at: number): boolean {
  if (family === IP_V4) return fields[at] === 0
  return (fields[at] | fields[at + 1] | fields[at + 2] | fields[at + 3]) === 0
}

/** IPv4 sources that no packet may have: groups, broadcast, loopback. */
function isMartianSource(source: number): boolean {
  return isGroupSource(source) || source >>> 24 === LOOPBACK_V4
}

function isGroupSource(source: number): boolean {
  return source >>> 28 === 0xe || source === -1
}
