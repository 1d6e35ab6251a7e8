import { PROTO_GENERIC, TIMEOUT_STATES, type TimeoutPolicy } from '../../conntrack/timeout-policy.ts'
import { IP_V4, IP_V6 } from '../../wire/packet-fields.ts'
import {
  PROTO_GRE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../../wire/protocols.ts'
import { Refusal, RulesetError } from './ruleset-error.ts'
import { type Token, tokenize } from './tokens.ts'

const FAMILIES: Readonly<Record<string, number>> = { inet: IP_V4, inet6: IP_V6 }
/** Address families by number, as nfct prints them. */
const FAMILIES_BY_NUMBER: Readonly<Record<string, number>> = { 2: IP_V4, 10: IP_V6 }
const PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: PROTO_TCP,
  udp: PROTO_UDP,
  udplite: PROTO_UDPLITE,
  icmp: PROTO_ICMP,
  icmpv6: PROTO_ICMPV6,
  sctp: PROTO_SCTP,
  gre: PROTO_GRE,
  generic: PROTO_GENERIC,
}
const SECONDS_MAX = 0xffffffff

/**
 * Timeout policies: what `nfct list timeout` prints, and lines
 * `nfct add timeout NAME inet|inet6 PROTOCOL STATE SECONDS…`.
 * @throws RulesetError
 */
export function parseTimeoutPolicies(text: string, file: string): TimeoutPolicy[] {
  const policies: TimeoutPolicy[] = []
  const lines = text.split('\n').map((line) => line.replace(/[={},;]/g, ' '))
  let at = 0
  try {
    while (at < lines.length) {
      const words = tokenize(lines[at], at + 1)
      const first = words[0]?.text ?? '#'
      if (first.startsWith('#')) at++
      else if (first.startsWith('.')) at = readListed(lines, at, policies)
      else {
        add(policies, readAdded(words))
        at++
      }
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new RulesetError([{ file, line: error.line, column: error.column, text: error.message }])
  }
  return policies
}

/** `nfct add timeout NAME inet tcp established 100 …`; the program's name may be missing. */
function readAdded(words: readonly Token[]): TimeoutPolicy {
  const rest = words[0].text === 'nfct' ? words.slice(1) : words
  const [add, timeout, name, family, protocol, ...states] = rest
  if (add?.text !== 'add' || timeout?.text !== 'timeout' || !protocol) {
    throw new Refusal(words[0], 'not a timeout policy; write "nfct add timeout NAME inet PROTOCOL STATE SECONDS…"')
  }
  const policy = {
    name: name.text,
    family: oneOf(family, FAMILIES, 'a family'),
    protocol: oneOf(protocol, PROTOCOLS, 'a protocol'),
    seconds: new Map<string, number>(),
  }
  for (let i = 0; i < states.length; i += 2) setState(policy, states[i], states[i + 1])
  return policy
}

/** `.NAME = { .l3proto = 2, .l4proto = 6, .policy = { .SYN_SENT = 120, … }, };` over several lines. */
function readListed(lines: readonly string[], from: number, policies: TimeoutPolicy[]): number {
  const [name] = tokenize(lines[from], from + 1)
  let family = -1
  let protocol = -1
  const states: [Token, Token][] = []
  let at = from + 1
  for (; at < lines.length; at++) {
    const [key, value] = tokenize(lines[at], at + 1)
    if (key === undefined || key.text === '.policy') continue
    if (value === undefined || !key.text.startsWith('.')) break
    if (key.text === '.l3proto') family = oneOf(value, FAMILIES_BY_NUMBER, 'a family')
    else if (key.text === '.l4proto') protocol = numberedProtocol(value)
    else states.push([{ ...key, text: key.text.slice(1) }, value])
  }
  if (family < 0 || protocol < 0) throw new Refusal(name, `"${name.text}" has no .l3proto and .l4proto`)
  const policy = { name: name.text.slice(1), family, protocol, seconds: new Map<string, number>() }
  for (const [state, seconds] of states) setState(policy, state, seconds)
  add(policies, policy)
  return at
}

function add(policies: TimeoutPolicy[], policy: TimeoutPolicy): void {
  const before = policies.findIndex(({ name }) => name === policy.name)
  if (before >= 0) policies.splice(before, 1)
  policies.push(policy)
}

function setState(policy: { protocol: number; seconds: Map<string, number> }, state: Token, value?: Token): void {
  const states = Object.keys(TIMEOUT_STATES.get(policy.protocol) ?? {})
  const name = state.text.toLowerCase()
  if (!states.includes(name)) {
    throw new Refusal(state, `"${state.text}" is not a state of this protocol; write one of ${states.join(', ')}`)
  }
  if (value === undefined) throw new Refusal(state, `"${state.text}" needs a number of seconds`)
  const seconds = /^\d+$/.test(value.text) ? Number(value.text) : Number.NaN
  if (!(seconds <= SECONDS_MAX)) throw new Refusal(value, `"${value.text}" is not a number of seconds`)
  policy.seconds.set(name, seconds)
}

function oneOf(token: Token, known: Readonly<Record<string, number>>, what: string): number {
  if (Object.hasOwn(known, token.text)) return known[token.text]
  throw new Refusal(token, `"${token.text}" is not ${what} here; write one of ${Object.keys(known).join(', ')}`)
}

function numberedProtocol(token: Token): number {
  const number = Number(token.text)
  if (TIMEOUT_STATES.has(number)) return number
  throw new Refusal(token, `"${token.text}" is no protocol that has timeouts`)
}
