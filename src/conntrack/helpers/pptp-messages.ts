/** Control messages of PPTP (RFC 2637, section 2): type to bytes after the message header. */
const MESSAGE_BYTES = [0, 144, 144, 4, 4, 4, 8, 156, 20, 208, 12, 16, 4, 136, 28, 12]

export const START_SESSION_REQUEST = 1
export const START_SESSION_REPLY = 2
export const STOP_SESSION_REQUEST = 3
export const STOP_SESSION_REPLY = 4
export const OUT_CALL_REQUEST = 7
export const OUT_CALL_REPLY = 8
export const IN_CALL_REQUEST = 9
export const IN_CALL_REPLY = 10
export const IN_CALL_CONNECT = 11
export const CALL_CLEAR_REQUEST = 12
export const CALL_DISCONNECT_NOTIFY = 13

/** Result of a session's or a call's reply: granted. */
export const RESULT_OK = 1

/** What the helper reads of a control message. */
export interface PptpMessage {
  readonly type: number
  /** The first two words of 16 bits: the sender's call identifier, and often the peer's. */
  readonly first: number
  readonly second: number
  /** Result code, where the type has one. */
  readonly result: number
}

const HEADER_BYTES = 12
const CONTROL_MESSAGE = 1
const MAGIC_COOKIE = 0x1a2b3c4d

/** The control message at the start of a segment; null for anything else or a cut one. */
export function readPptpMessage(bytes: Uint8Array, at: number, length: number): PptpMessage | null {
  const short = (offset: number) => (bytes[at + offset] << 8) | bytes[at + offset + 1]
  if (length < HEADER_BYTES) return null
  if (short(2) !== CONTROL_MESSAGE || ((short(4) << 16) | short(6)) !== MAGIC_COOKIE) return null
  const type = short(8)
  if (length - HEADER_BYTES < (MESSAGE_BYTES[type] ?? 0)) return null
  const resultAt = RESULT_OFFSET[type] ?? -1
  const result = resultAt < 0 ? 0 : bytes[at + HEADER_BYTES + resultAt]
  return { type, first: short(HEADER_BYTES), second: short(HEADER_BYTES + 2), result }
}

const RESULT_OFFSET: Readonly<Record<number, number>> = {
  [START_SESSION_REPLY]: 2,
  [STOP_SESSION_REPLY]: 0,
  [OUT_CALL_REPLY]: 4,
  [IN_CALL_REPLY]: 4,
}
