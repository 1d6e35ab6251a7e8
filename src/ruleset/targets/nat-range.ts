import type { Family } from '../packet/rule-environment.ts'
import { parseAddress, printAddress, type Words } from '../text/addresses.ts'
import { parseNumber } from '../text/numbers.ts'
import { anyServicePort } from '../text/ports.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** `[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]` of SNAT and DNAT, ports -1 where there are none. Words are signed. */
interface NatRangeText {
  readonly minAddress: Words | null
  readonly maxAddress: Words | null
  readonly minPort: number
  readonly maxPort: number
  readonly basePort: number
}

/** @param mayShift whether a base port may follow the ports (DNAT) */
export function parseNatRange(token: Token, family: Family, mayShift: boolean): NatRangeText {
  const { addresses, ports } = split(token, family)
  const parsed = ports === null ? { minPort: -1, maxPort: -1, basePort: -1 } : shiftedPorts(token, ports, mayShift)
  if (addresses === '') {
    if (ports === null) throw new Refusal(token, 'nothing is given; write an address, a port after a colon, or both')
    return { minAddress: null, maxAddress: null, ...parsed }
  }
  const bare = family === 'ipv6' ? addresses.replace(/^\[(.*)\]$/, '$1') : addresses
  const [first, last, more] = bare.split('-')
  if (more !== undefined) throw new Refusal(token, `"${addresses}" is not a range; write ADDRESS-ADDRESS`)
  const signed = (text: string) => parseAddress(token, family, text).map((word) => word | 0)
  return { minAddress: signed(first), maxAddress: signed(last ?? first), ...parsed }
}

/** IPv6 addresses before a port stand in brackets; without them two colons or more are the address's. */
function split(token: Token, family: Family): { addresses: string; ports: string | null } {
  const { text } = token
  const bracketed = family === 'ipv6' && text.startsWith('[')
  const colon = bracketed ? text.lastIndexOf(']') + 1 : text.indexOf(':')
  const isAddress = family === 'ipv6' && !bracketed && text.includes(':', colon + 1)
  if (colon < 0 || isAddress || colon === text.length) return { addresses: text, ports: null }
  if (text[colon] !== ':') throw new Refusal(token, `"${text}" is not [ADDRESS-ADDRESS]:PORT-PORT`)
  return { addresses: text.slice(0, colon), ports: text.slice(colon + 1) }
}

function shiftedPorts(token: Token, text: string, mayShift: boolean): Omit<NatRangeText, 'minAddress' | 'maxAddress'> {
  const [ports, base, more] = text.split('/')
  if (more !== undefined || (base !== undefined && !mayShift)) {
    throw new Refusal(token, `"${text}" is not a range of ports; write PORT-PORT`)
  }
  if (base !== undefined && !ports.includes('-')) {
    throw new Refusal(token, `"${text}" is one port, and cannot be shifted; write PORT-PORT/BASE`)
  }
  const basePort = base === undefined ? -1 : parseNumber(token, 1, 65_535, 'port', base)
  return { ...parseNatPorts(token, ports), basePort }
}

/** `PORT[-PORT]`, or the name of a service. */
export function parseNatPorts(token: Token, text: string): { minPort: number; maxPort: number } {
  const service = anyServicePort(text)
  if (service !== null) return { minPort: service, maxPort: service }
  const [first, last, more] = text.split('-')
  if (more !== undefined) throw new Refusal(token, `"${text}" is not a range of ports; write PORT-PORT`)
  const minPort = parseNumber(token, 0, 65_535, 'port', first)
  const maxPort = last === undefined ? minPort : parseNumber(token, 0, 65_535, 'port', last)
  if (maxPort < minPort) throw new Refusal(token, `the ports ${text} run backwards; write the smaller one first`)
  return { minPort, maxPort }
}

/** As iptables-save prints it. */
export function printNatRange(range: NatRangeText, family: Family): string {
  const { minAddress, maxAddress, minPort, maxPort, basePort } = range
  const text = (words: Words) => printAddress(words.map((word) => word >>> 0))
  let addresses = ''
  if (minAddress !== null && maxAddress !== null) {
    const same = minAddress.every((word, index) => word === maxAddress[index])
    addresses = same ? text(minAddress) : `${text(minAddress)}-${text(maxAddress)}`
    if (family === 'ipv6' && minPort >= 0) addresses = `[${addresses}]`
  }
  if (minPort < 0) return addresses
  const ports = minPort === maxPort ? `${minPort}` : `${minPort}-${maxPort}`
  return `${addresses}:${ports}${basePort < 0 ? '' : `/${basePort}`}`
}
