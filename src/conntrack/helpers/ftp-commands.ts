import { addressText } from '../../wire/address.ts'
import { IP_V6 } from '../../wire/packet-fields.ts'
import { isDigit, readNumbers } from './digits.ts'
import { readIpv6 } from './ipv6-text.ts'

/** An address that a command or an answer names. */
export interface FtpAddress {
  readonly family: number
  readonly words: readonly number[]
  readonly port: number
}

/** Where it stands in the bytes, and in which form: `10,0,0,1,4,210`, `|1|10.0.0.1|1234|` or `|||1234|`. */
export interface FtpAnnouncement extends FtpAddress {
  readonly from: number
  readonly end: number
  readonly form: 'six numbers' | 'extended' | 'port'
}

/** The line matches a pattern only in part: the kernel drops the packet, so that it is sent again as a whole. */
export const PARTLY = 'partly'

/** Reads what stands at `from`; null when it is not an address. */
type Reader = (bytes: Uint8Array, from: number, end: number, sender: FtpAddress) => FtpAnnouncement | null

interface Pattern {
  readonly text: string
  /** Character between the text and the address, 0 for none. */
  readonly skip: number
  readonly read: Reader
}

const SPACE = 0x20
const COMMA = 0x2c
const DOT = 0x2e
const RETURN = 0x0d
const PARENTHESIS = 0x28

/** By direction: the client's commands, the server's answers. */
const PATTERNS: readonly (readonly Pattern[])[] = [
  [
    { text: 'PORT', skip: SPACE, read: (bytes, from, end, sender) => readSix(bytes, from, end, sender, RETURN) },
    { text: 'EPRT', skip: SPACE, read: readExtended },
  ],
  [
    { text: '227 ', skip: 0, read: readPassive },
    { text: '229 ', skip: PARENTHESIS, read: readExtendedPassive },
  ],
]

/** The address that a line announces, PARTLY, or null for a line that announces none. */
export function findAnnouncement(
  bytes: Uint8Array,
  from: number,
  end: number,
  direction: number,
  sender: FtpAddress,
): FtpAnnouncement | typeof PARTLY | null {
  for (const pattern of PATTERNS[direction]) {
    const found = match(bytes, from, end, pattern, sender)
    if (found !== null) return found
  }
  return null
}

function match(
  bytes: Uint8Array,
  from: number,
  end: number,
  { text, skip, read }: Pattern,
  sender: FtpAddress,
): FtpAnnouncement | typeof PARTLY | null {
  const length = end - from
  for (let i = 0; i < text.length && i < length; i++) if (!sameLetter(bytes[from + i], text.charCodeAt(i))) return null
  if (length <= text.length) return PARTLY
  let at = from + text.length
  if (skip !== 0) {
    while (bytes[at] !== skip) if (at++ === end - 1) return PARTLY
    at++
  }
  return read(bytes, at, end, sender) ?? PARTLY
}

function sameLetter(byte: number, letter: number): boolean {
  const isUpper = letter >= 0x41 && letter <= 0x5a
  return byte === letter || (isUpper && byte === letter + 0x20)
}

/** `h1,h2,h3,h4,p1,p2` (RFC 959, section 5.3.2). On IPv6 the kernel compares the four with the first of the address. */
function readSix(
  bytes: Uint8Array,
  from: number,
  end: number,
  sender: FtpAddress,
  terminator: number,
): FtpAnnouncement | null {
  const { length, numbers } = readNumbers(bytes, from, end, 6, COMMA, terminator)
  if (length === 0) return null
  const [a, b, c, d, high, low] = numbers
  const words = [(a << 24) | (b << 16) | (c << 8) | d, ...sender.words.slice(1)]
  return { ...sender, words, port: ((high << 8) | low) & 0xffff, from, end: from + length, form: 'six numbers' }
}

/** The parentheses around the numbers of 227 may be missing (RFC 1123, section 4.1.2.6). */
function readPassive(bytes: Uint8Array, from: number, end: number, sender: FtpAddress): FtpAnnouncement | null {
  let at = from
  while (at < end && !isDigit(bytes[at])) at++
  return at === end ? null : readSix(bytes, at, end, sender, 0)
}

/** `|1|10.0.0.1|1234|` or `|2|2001:db8::1|1234|`, with any delimiter (RFC 2428, section 2). */
function readExtended(bytes: Uint8Array, from: number, end: number, sender: FtpAddress): FtpAnnouncement | null {
  const delimiter = bytes[from]
  if (end - from <= 3 || !isDelimiter(delimiter) || bytes[from + 2] !== delimiter) return null
  const family = sender.family
  if (bytes[from + 1] !== (family === IP_V6 ? 0x32 : 0x31)) return null
  const at = from + 3
  const address = family === IP_V6 ? readIpv6(bytes, at, end, delimiter) : readIpv4(bytes, at, end, delimiter)
  if (address === null) return null
  const { port, after } = readPort(bytes, at + address.length + 1, end, delimiter)
  return port === 0 ? null : { family, words: address.words, port, from, end: after, form: 'extended' }
}

/** `|||1234|` (RFC 2428, section 3): the address is the server's own. */
function readExtendedPassive(bytes: Uint8Array, from: number, end: number, sender: FtpAddress): FtpAnnouncement | null {
  const delimiter = bytes[from]
  if (end - from <= 3 || !isDelimiter(delimiter)) return null
  if (bytes[from + 1] !== delimiter || bytes[from + 2] !== delimiter) return null
  const { port, after } = readPort(bytes, from + 3, end, delimiter)
  return port === 0 ? null : { ...sender, port, from, end: after, form: 'port' }
}

function isDelimiter(byte: number): boolean {
  return byte >= 33 && byte <= 126 && !isDigit(byte)
}

function readIpv4(bytes: Uint8Array, from: number, end: number, delimiter: number) {
  const { length, numbers } = readNumbers(bytes, from, end, 4, DOT, delimiter)
  const [a, b, c, d] = numbers
  return length === 0 ? null : { length, words: [(a << 24) | (b << 16) | (c << 8) | d] }
}

/** The low 16 bits of the port, and the place after its delimiter. 0 when either is missing. */
function readPort(bytes: Uint8Array, from: number, end: number, delimiter: number): { port: number; after: number } {
  let port = 0
  for (let at = from; at < end; at++) {
    if (bytes[at] === delimiter) return { port, after: at + 1 }
    if (!isDigit(bytes[at])) break
    port = (port * 10 + bytes[at] - 0x30) & 0xffff
  }
  return { port: 0, after: from }
}

/** The address as NAT writes it, in the form that it had. */
export function announcementText(form: FtpAnnouncement['form'], { family, words, port }: FtpAddress): string {
  switch (form) {
    case 'six numbers':
      return [
        words[0] >>> 24,
        (words[0] >>> 16) & 255,
        (words[0] >>> 8) & 255,
        words[0] & 255,
        port >> 8,
        port & 255,
      ].join()
    case 'extended':
      return family === IP_V6 ? `|2|${fullIpv6(words)}|${port}|` : `|1|${addressText(words, 0, family)}|${port}|`
    case 'port':
      return `|||${port}|`
  }
}

/** All eight groups with four digits each: 2001:0db8:0000:… */
function fullIpv6(words: readonly number[]): string {
  const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, '0'))
  return hex.map((word) => `${word.slice(0, 4)}:${word.slice(4)}`).join(':')
}
