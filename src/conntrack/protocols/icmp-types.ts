/** ICMP and ICMPv6 types as the tracker sorts them. */

/** Highest ICMP type that the tracker knows (address mask reply, RFC 950). */
export const ICMP_TYPE_MAX = 18

/**
 * Errors, which quote the packet they are about: unreachable, source quench, redirect, time exceeded, parameter
 * problem.
 */
export function isIcmpError(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12
}

/** Requests: echo, timestamp, information, address mask. Nothing else starts an entry. */
export function isIcmpRequest(type: number): boolean {
  return type === 8 || type === 13 || type === 15 || type === 17
}

/** ICMPv6 errors are all types below 128 (RFC 4443, section 2.1). */
export function isIcmpv6Error(type: number): boolean {
  return type < 128
}

/** Echo request and node information query. */
export function isIcmpv6Request(type: number): boolean {
  return type === 128 || type === 139
}

export const ICMPV6_REDIRECT = 137

/** Multicast listener, router, neighbour, and multicast router discovery (RFC 4286): never tracked, UNTRACKED. */
export function isIcmpv6Untracked(type: number): boolean {
  return (type >= 130 && type <= 136) || type === 143 || type === 151 || type === 152
}
