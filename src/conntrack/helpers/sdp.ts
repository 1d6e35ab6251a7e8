import { IP_V6 } from '../../wire/packet-fields.ts'
import { type AddressRead, readAddress } from './address-text.ts'
import { isSipPort, lineAfter, numberAt, type SipMessage, startsWith } from './sip-headers.ts'
import { LETTER, leadingNumber } from './text.ts'

/** Expectation policies of the SIP helper, by the media that they are for. */
const MEDIA_POLICIES: Readonly<Record<string, number>> = { audio: 1, video: 2, image: 3 }
/** Media of one message that are read. */
const MEDIA_MAX = 3
/** After `m=`: the kind of media and the port. */
const MEDIA_LINE = new RegExp(`^(${LETTER}*) (\\d*)`)

/** A stream that a session description offers: the address and port to which it is to be sent. */
export interface Media {
  readonly policy: number
  readonly address: readonly number[]
  readonly port: number
  /** Where the port stands in the text. */
  readonly portAt: number
  /** The media has a connection line of its own. */
  readonly hasOwnAddress: boolean
}

/** Where the session description starts after its `v=`; -1 where there is none. */
export function sessionStart({ text }: SipMessage): number {
  const start = findLine(text, 0, 'v=', null)
  return start < 0 || leadingNumber(text, start).end === start ? -1 : start
}

/**
 * Streams in a session description (RFC 8866) in the order of the text, up to one that is impossible. The text may be
 * rewritten between one and the next; as the kernel does, reading continues at the same position.
 */
export function* mediaOf(message: SipMessage): Generator<Media | 'impossible'> {
  const start = sessionStart(message)
  if (start < 0) return
  const session = addressLine(message, start, 'c=')?.words ?? null
  let at = start
  for (let count = 0; count < MEDIA_MAX; ) {
    const { text } = message
    at = findLine(text, at, 'm=', null)
    if (at < 0) return
    const line = MEDIA_LINE.exec(text.slice(at, at + 64))
    if (line === null || line[0].length === 0) return
    const policy = MEDIA_POLICIES[line[1]]
    if (policy === undefined) {
      at += line[0].length
      continue
    }
    at += line[1].length + 1
    const port = numberAt(text, at)?.value ?? 0
    if (port === 0) continue
    const own = isSipPort(port) ? addressLine(message, at, 'c=') : null
    const address = isSipPort(port) ? (own?.words ?? session) : null
    if (address === null) {
      yield 'impossible'
      return
    }
    yield { policy, address, port, portAt: at, hasOwnAddress: own !== null }
    count++
  }
}

/**
 * Position of the value of the first line after `from` that begins with `name`; -1 if there is none before a line that
 * begins with `before`.
 */
function findLine(text: string, from: number, name: string, before: string | null): number {
  for (let at = lineAfter(text, from); at >= 0; at = lineAfter(text, at + 1)) {
    if (before !== null && startsWith(text, at, before)) return -1
    if (startsWith(text, at, name)) return at + name.length
  }
  return -1
}

/** The address in the first line of a kind (`c=`, `o=`) before the next media; null for none. */
export function addressLine(
  { text, family }: SipMessage,
  from: number,
  kind: string,
): (AddressRead & { at: number }) | null {
  const at = findLine(text, from, kind, 'm=')
  if (at < 0) return null
  const network = family === IP_V6 ? 'IN IP6 ' : 'IN IP4 '
  const rest = text.slice(at).split(/[\r\n]/, 1)[0]
  const place = rest.indexOf(network)
  if (place < 0) return null
  const start = at + place + network.length
  const address = readAddress(text, start, text.length, family)
  return address === null ? null : { ...address, at: start }
}
