/** States of an SCTP association in the tracker, and what each chunk does to them (tables of Linux 6.18). */

export const SCTP_NONE = 0
export const SCTP_CLOSED = 1
export const SCTP_COOKIE_WAIT = 2
export const SCTP_COOKIE_ECHOED = 3
export const SCTP_ESTABLISHED = 4
export const SCTP_SHUTDOWN_SENT = 5
export const SCTP_SHUTDOWN_RECD = 6
export const SCTP_SHUTDOWN_ACK_SENT = 7
export const SCTP_HEARTBEAT_SENT = 8
export const SCTP_INVALID = 9

export const SCTP_STATE_NAMES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
] as const

/** Chunk types (RFC 9260, section 3.2). */
export const CHUNK_DATA = 0
export const CHUNK_INIT = 1
export const CHUNK_INIT_ACK = 2
export const CHUNK_HEARTBEAT = 4
export const CHUNK_HEARTBEAT_ACK = 5
export const CHUNK_ABORT = 6
const CHUNK_SHUTDOWN = 7
export const CHUNK_SHUTDOWN_ACK = 8
const CHUNK_ERROR = 9
export const CHUNK_COOKIE_ECHO = 10
export const CHUNK_COOKIE_ACK = 11
export const CHUNK_SHUTDOWN_COMPLETE = 14

const ABBREVIATIONS = ['NO', 'CL', 'CW', 'CE', 'ES', 'SS', 'SR', 'SA', 'HS', 'iv']
const ROW_OF_CHUNK: Readonly<Record<number, number>> = {
  [CHUNK_INIT]: 0,
  [CHUNK_INIT_ACK]: 1,
  [CHUNK_ABORT]: 2,
  [CHUNK_SHUTDOWN]: 3,
  [CHUNK_SHUTDOWN_ACK]: 4,
  [CHUNK_ERROR]: 5,
  [CHUNK_COOKIE_ECHO]: 6,
  [CHUNK_COOKIE_ACK]: 7,
  [CHUNK_SHUTDOWN_COMPLETE]: 8,
  [CHUNK_HEARTBEAT]: 9,
  [CHUNK_HEARTBEAT_ACK]: 10,
}

/** after = SCTP_TRANSITIONS[direction << 8 | chunk << 4 | before], for chunk types below 16; others change nothing. */
const SCTP_TRANSITIONS: Uint8Array = transitions(
  [
    //                  NO CL CW CE ES SS SR SA HS   original direction
    /* init          */ 'CL CL CW CE ES CL CL SA CW',
    /* init ack      */ 'CL CL CW CE ES SS SR SA CL',
    /* abort         */ 'CL CL CL CL CL CL CL CL CL',
    /* shutdown      */ 'CL CL CW CE SS SS SR SA CL',
    /* shutdown ack  */ 'SA CL CW CE ES SA SA SA SA',
    /* error         */ 'CL CL CW CE ES SS SR SA CL',
    /* cookie echo   */ 'CL CL CE CE ES SS SR SA CL',
    /* cookie ack    */ 'CL CL CW ES ES SS SR SA CL',
    /* shutdown comp */ 'CL CL CW CE ES SS SR CL CL',
    /* heartbeat     */ 'HS CL CW CE ES SS SR SA HS',
    /* heartbeat ack */ 'CL CL CW CE ES SS SR SA HS',
  ],
  [
    //                  NO CL CW CE ES SS SR SA HS   reply direction
    /* init          */ 'iv CL CW CE ES SS SR SA iv',
    /* init ack      */ 'iv CW CW CE ES SS SR SA iv',
    /* abort         */ 'iv CL CL CL CL CL CL CL iv',
    /* shutdown      */ 'iv CL CW CE SR SS SR SA iv',
    /* shutdown ack  */ 'iv CL CW CE ES SA SA SA iv',
    /* error         */ 'iv CL CW CL ES SS SR SA iv',
    /* cookie echo   */ 'iv CL CE CE ES SS SR SA iv',
    /* cookie ack    */ 'iv CL CW ES ES SS SR SA iv',
    /* shutdown comp */ 'iv CL CW CE ES SS SR CL iv',
    /* heartbeat     */ 'iv CL CW CE ES SS SR SA HS',
    /* heartbeat ack */ 'iv CL CW CE ES SS SR SA ES',
  ],
)

function transitions(...directions: readonly (readonly string[])[]): Uint8Array {
  const table = new Uint8Array(512)
  directions.forEach((rows, direction) => {
    for (let chunk = 0; chunk < 16; chunk++) {
      const row = ROW_OF_CHUNK[chunk]
      for (let before = 0; before < SCTP_INVALID; before++) {
        const after = row === undefined ? before : ABBREVIATIONS.indexOf(rows[row].split(' ')[before])
        table[(direction << 8) | (chunk << 4) | before] = after
      }
    }
  })
  return table
}

/** State after a chunk. */
export function sctpStateAfter(direction: number, chunk: number, before: number): number {
  return chunk < 16 ? SCTP_TRANSITIONS[(direction << 8) | (chunk << 4) | before] : before
}
