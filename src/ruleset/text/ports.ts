import { meantBy } from './closest.ts'
import { type NumberRange, numberOf } from './numbers.ts'
import { partOf } from './part-of.ts'
import { Refusal } from './ruleset-error.ts'
import { serviceNames, servicePort } from './services.ts'
import type { Token } from './tokens.ts'

/** A port by number or by service name of the protocol: tcp, udp, sctp, dccp or udplite. */
export function parsePort(token: Token, protocol: string, text = token.text): number {
  const number = numberOf(text)
  const port = number === null ? servicePort(text, protocol) : number <= 65535 ? number : null
  if (port !== null) return port
  const [, first, last] = /^([0-9]+)-([0-9]+)$/.exec(text) ?? []
  const instead = text.includes(',')
    ? 'for several use -m multiport'
    : first !== undefined
      ? `write ${first}:${last}`
      : meantBy(text, serviceNames(protocol), 'write 0 to 65535')
  throw new Refusal(partOf(token, text), `"${text}" is not a port or service of ${protocol}; ${instead}`)
}

/** Protocols whose services getaddrinfo(3) knows, in its order. */
const SERVICE_PROTOCOLS = ['tcp', 'udp', 'dccp', 'udplite', 'sctp']

/** The port of a service of any protocol, or null. */
export function anyServicePort(name: string): number | null {
  for (const protocol of SERVICE_PROTOCOLS) {
    const port = servicePort(name, protocol)
    if (port !== null) return port
  }
  return null
}

/**
 * A port by number or by service name of any protocol, as getaddrinfo(3) reads it: numbers are decimal even with a
 * leading 0, only the low 16 bits of a large one count, and an empty word is 0.
 */
export function parseAnyPort(token: Token, text = token.text): number {
  const [, digits] = /^[ \t\n\v\f\r]*\+?([0-9]{0,20})$/.exec(text) ?? []
  if (digits !== undefined) {
    const number = BigInt(digits)
    const low = Number(number & 0xffff_ffffn)
    if (number <= 0xffff_ffff_ffff_ffffn && low < 0x8000_0000) return low & 0xffff
  }
  const port = anyServicePort(text)
  if (port !== null) return port
  throw new Refusal(partOf(token, text), `"${text}" is not a port or service; write 0 to 65535`)
}

/** `N`, `N:M`, `:M`, `N:` of such ports. A range that runs backwards holds nothing. */
export function parseAnyPortRange(token: Token): NumberRange {
  const [first, last, more] = token.text.split(':')
  if (more !== undefined) throw new Refusal(token, `"${token.text}" is not a range of ports; write N:M`)
  const low = first === '' ? 0 : parseAnyPort(token, first)
  if (last === undefined) return { low, high: low }
  return { low, high: last === '' ? 65535 : parseAnyPort(token, last) }
}

/** `N`, `N:M`, `:M`, `N:` */
export function parsePortRange(token: Token, protocol: string, text = token.text): NumberRange {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const port = parsePort(token, protocol, text)
    return { low: port, high: port }
  }
  const first = text.slice(0, colon)
  const last = text.slice(colon + 1)
  const low = first === '' ? 0 : parsePort(token, protocol, first)
  const high = last === '' ? 65535 : parsePort(token, protocol, last)
  if (low > high) throw new Refusal(partOf(token, text), `the ports ${text} run backwards; write the smaller one first`)
  return { low, high }
}
