import { type NumberRange, numberOf } from './numbers.ts'
import { Refusal } from './ruleset-error.ts'
import { servicePort } from './services.ts'
import type { Token } from './tokens.ts'

/** A port by number or by service name of the protocol (tcp, udp, sctp, dccp, or any of them for null). */
export function parsePort(token: Token, protocol: string | null, text = token.text): number {
  const number = numberOf(text)
  if (number !== null && number <= 65535) return number
  const port = number === null ? byName(text, protocol) : null
  if (port !== null) return port
  throw new Refusal(token, `"${text}" is not a port or service of ${protocol ?? 'any protocol'}; write 0 to 65535`)
}

function byName(text: string, protocol: string | null): number | null {
  if (protocol !== null) return servicePort(text, protocol)
  return servicePort(text, 'tcp') ?? servicePort(text, 'udp') ?? servicePort(text, 'sctp') ?? servicePort(text, 'dccp')
}

/** `N`, `N:M`, `:M`, `N:` */
export function parsePortRange(token: Token, protocol: string | null, text = token.text): NumberRange {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const port = parsePort(token, protocol, text)
    return { low: port, high: port }
  }
  const first = text.slice(0, colon)
  const last = text.slice(colon + 1)
  const low = first === '' ? 0 : parsePort(token, protocol, first)
  const high = last === '' ? 65535 : parsePort(token, protocol, last)
  if (low > high) throw new Refusal(token, `the ports ${text} run backwards; write the smaller one first`)
  return { low, high }
}
