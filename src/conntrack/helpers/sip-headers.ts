import { IP_V6 } from '../../wire/packet-fields.ts'
import { readAddress } from './address-text.ts'
import { LETTER } from './text.ts'
import { PORT_MAX } from './translated.ts'

/**
 * A SIP message (RFC 3261) as text, one character for each byte, and the family of its connection. NAT rewrites the
 * text while it is being read.
 */
export interface SipMessage {
  text: string
  readonly family: number
}

/** Where the value of a header stands. */
export interface Span {
  readonly at: number
  readonly length: number
}

/** A header: its names, the text to search for in its line, and how its value is found. */
interface Header {
  readonly name: string
  readonly short: string | null
  readonly search: string | null
  /** Start and length of the value, from the place after the text searched for; length 0 for none. */
  value(message: SipMessage, at: number): Span
}

const CONTACT: Header = { name: 'contact', short: 'm', search: 'sip:', value: hostAfterUser }
const CSEQ: Header = { name: 'cseq', short: null, search: null, value: digits }
const EXPIRES: Header = { name: 'expires', short: null, search: null, value: digits }
const CONTENT_LENGTH: Header = { name: 'content-length', short: 'l', search: null, value: digits }

const FROM: Header = { name: 'from', short: 'f', search: 'sip:', value: hostAfterUser }
const TO: Header = { name: 'to', short: 't', search: 'sip:', value: hostAfterUser }
const VIA_UDP: Header = { name: 'via', short: 'v', search: 'udp ', value: hostWithPort }
const VIA_TCP: Header = { name: 'via', short: 'v', search: 'tcp ', value: hostWithPort }

export const SIP_HEADERS = { CONTACT, CSEQ, EXPIRES, CONTENT_LENGTH, FROM, TO, VIA_UDP, VIA_TCP } as const

/** Digits that the kernel accepts (oracle: helper probes, fuzzing). */
const NUMBER_DIGITS = /\d{1,11}(?!\d)/y
const PORT_DIGITS = /\d{1,5}(?!\d)/y

const SIP_PORT_MIN = 1024

interface NumberRead {
  readonly value: number
  readonly end: number
}

/** The 32-bit number at `at`; null for none or too many digits. */
export function numberAt(text: string, at: number): NumberRead | null {
  return readDigits(text, at, NUMBER_DIGITS, 0, 0xffff_ffff)
}

/** Whether the helper accepts the port: it ignores privileged ones. */
export function isSipPort(port: number): boolean {
  return port >= SIP_PORT_MIN && port <= PORT_MAX
}

/** The port at `at`; null for none, or one that the helper does not accept. */
function portAt(text: string, at: number): NumberRead | null {
  return readDigits(text, at, PORT_DIGITS, SIP_PORT_MIN, PORT_MAX)
}

function readDigits(text: string, at: number, pattern: RegExp, min: number, max: number): NumberRead | null {
  pattern.lastIndex = at
  const [digits] = pattern.exec(text) ?? []
  if (digits === undefined) return null
  const value = Number(digits)
  return value >= min && value <= max ? { value, end: at + digits.length } : null
}

const A_LETTER = new RegExp(LETTER)
const LETTERS = new RegExp(`^${LETTER}+`)
const BLANK = ' \t'
const LINE_END = '\r\n'

const isBlank = (letter: string | undefined) => letter !== undefined && BLANK.includes(letter)
const isLineEnd = (letter: string | undefined) => letter !== undefined && LINE_END.includes(letter)

/** The value of the first such header after `from`; null for none; for a header without a value, its position. */
export function findHeader(message: SipMessage, from: number, header: Header): Span | number | null {
  const { text } = message
  for (let at = lineAfter(text, from); at >= 0; at = lineAfter(text, at + 1)) {
    if (isBlank(text[at])) continue
    const nameLength = nameAt(text, at, header)
    if (nameLength === 0) continue
    const colon = skipBlanks(text, at + nameLength)
    if (colon < 0 || text[colon] !== ':' || colon + 1 >= text.length) return null
    const start = skipBlanks(text, colon + 1)
    if (start < 0) return null
    const found = header.search === null ? start : search(text, start, text.length, header.search)
    if (found < 0) return start
    const value = header.value(message, found + (header.search?.length ?? 0))
    return value.length === 0 ? start : value
  }
  return null
}

/**
 * Start of the first line after `from`, -1 for none. The kernel continues after the first character of a line, whatever
 * that is: so after a blank line that ends in a single newline, it misses the start of the next line.
 */
export function lineAfter(text: string, from: number): number {
  let at = from
  while (at < text.length && !isLineEnd(text[at])) at++
  at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1
  return at < text.length ? at : -1
}

function nameAt(text: string, at: number, { name, short }: Header): number {
  if (startsWith(text, at, name)) return name.length
  const isShort = short !== null && startsWith(text, at, short) && at + 1 < text.length && !A_LETTER.test(text[at + 1])
  return isShort ? 1 : 0
}

export function startsWith(text: string, at: number, lowerCase: string): boolean {
  return text.slice(at, at + lowerCase.length).toLowerCase() === lowerCase
}

/** The next character that is not blank; -1 where the header ends. */
function skipBlanks(text: string, from: number): number {
  let at = from
  while (isBlank(text[at])) at++
  if (at >= text.length) return at
  return isLineEnd(text[at]) ? continued(text, at) : at
}

/** Where a header continues on the next line, which then begins with blanks: the place after these; else -1. */
function continued(text: string, lineEnd: number): number {
  let at = lineEnd + (text[lineEnd] === '\r' && text[lineEnd + 1] === '\n' ? 2 : 1)
  if (!isBlank(text[at])) return -1
  while (isBlank(text[at])) at++
  return at
}

/**
 * Position of the words in a header that starts at `from`, -1 for none. Words at the very end of the text do not count.
 */
function search(text: string, from: number, limit: number, lowerCase: string): number {
  const last = limit - lowerCase.length
  for (let at = from; at < last; at++) {
    if (isLineEnd(text[at])) {
      at = continued(text, at)
      if (at < 0) return -1
    } else if (startsWith(text, at, lowerCase)) return at
  }
  return -1
}

function digits({ text }: SipMessage, at: number): Span {
  return { at, length: (numberAt(text, at)?.end ?? at) - at }
}

/** The host after `sip:`, which may have a user in front of it. */
function hostAfterUser(message: SipMessage, from: number): Span {
  const { text } = message
  let at = from
  while (at < text.length && text[at] !== '@' && !isLineEnd(text[at])) at++
  return hostWithPort(message, text[at] === '@' ? at + 1 : from)
}

function hostWithPort({ text, family }: SipMessage, at: number): Span {
  const host = readHost(text, at, family)
  if (host === null) return { at, length: 0 }
  if (text[host.end] !== ':') return { at, length: host.end - at }
  return { at, length: (portAt(text, host.end + 1)?.end ?? at) - at }
}

/** IPv6 addresses stand in brackets. */
function readHost(text: string, at: number, family: number) {
  if (family !== IP_V6) return readAddress(text, at, text.length, family)
  if (text[at] !== '[') return null
  const host = readAddress(text, at + 1, text.length, family)
  return host !== null && text[host.end] === ']' ? { ...host, end: host.end + 1 } : null
}

const SIP_PORT = 5060

export interface SipAddress {
  readonly words: readonly number[]
  readonly port: number
  /** Where the value of the header stands, and the place after address and port. */
  readonly span: Span
  readonly end: number
}

/** The address of the next contact after `from`; null for none. */
export function nextContact(message: SipMessage, from: number, insideHeader: boolean): SipAddress | null {
  const span = (insideHeader ? contactInList(message, from) : null) ?? firstReadable(message, from, CONTACT)
  return span === null ? null : addressAt(message, span)
}

/** The address in the first header of a kind. */
export function addressOf(message: SipMessage, header: Header): SipAddress | null {
  const span = firstReadable(message, 0, header)
  return span === null ? null : addressAt(message, span)
}

/** The address in the first line of a request: `INVITE sip:bob@10.9.9.9:5060 SIP/2.0`. */
export function requestAddress(message: SipMessage): SipAddress | null {
  const { text } = message
  const method = LETTERS.exec(text)?.[0].length ?? 0
  const line = text.split(/[\r\n]/, 1)[0].toLowerCase()
  const uri = method === 0 ? -1 : line.indexOf('sip:', method + 1)
  if (uri < 0) return null
  const span = hostAfterUser(message, uri + 4)
  return span.length === 0 ? null : addressAt(message, span)
}

function addressAt(message: SipMessage, span: Span): SipAddress | null {
  const host = readHost(message.text, span.at, message.family)
  if (host === null) return null
  if (message.text[host.end] !== ':') return { words: host.words, port: SIP_PORT, span, end: host.end }
  const port = portAt(message.text, host.end + 1)
  if (port === null) return null
  return { words: host.words, port: port.value, span, end: port.end }
}

/** The next readable one of several contacts in one header. */
function contactInList(message: SipMessage, from: number): Span | null {
  const { text } = message
  for (let at = from; ; ) {
    const comma = search(text, at, text.length, ',')
    const uri = comma < 0 ? -1 : search(text, comma, text.length, 'sip:')
    if (uri < 0) return null
    const span = hostAfterUser(message, uri + 4)
    if (span.length > 0) return span
    at = uri + 4
  }
}

function firstReadable(message: SipMessage, from: number, header: Header): Span | null {
  let found = findHeader(message, from, header)
  while (typeof found === 'number') found = findHeader(message, found, header)
  return found
}

/** Start of the value of a parameter after `from`, -1 where this header has none. */
export function parameter(text: string, from: number, lowerCase: string): number {
  const comma = search(text, from, text.length, ',')
  const at = search(text, from, comma < 0 ? text.length : comma, lowerCase)
  return at < 0 ? -1 : at + lowerCase.length
}
