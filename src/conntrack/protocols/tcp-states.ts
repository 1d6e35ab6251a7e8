/**
 * What a segment does to the state of a TCP connection, as tables. Rows are segment classes, columns
 * the state before; the values are the state after, IGNORE (accepted, nothing changes) or INVALID.
 */

export const TCP_NONE = 0
export const TCP_SYN_SENT = 1
export const TCP_SYN_RECV = 2
export const TCP_ESTABLISHED = 3
export const TCP_FIN_WAIT = 4
export const TCP_CLOSE_WAIT = 5
export const TCP_LAST_ACK = 6
export const TCP_TIME_WAIT = 7
export const TCP_CLOSE = 8
/** Both sides sent a SYN. */
export const TCP_SYN_SENT2 = 9
export const TCP_INVALID = 10
export const TCP_IGNORE = 11

/** Of the entry's word E_TCP_STATE. */
export const TCP_STATE_MASK = 0xf

export const TCP_STATE_NAMES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const

/** Segment classes: what the flags make of a segment, RST before SYN before FIN before ACK. */
export const SEGMENT_SYN = 0
export const SEGMENT_SYNACK = 1
export const SEGMENT_FIN = 2
export const SEGMENT_ACK = 3
export const SEGMENT_RST = 4
export const SEGMENT_NONE = 5
export const SEGMENT_NAMES = ['SYN', 'SYN-ACK', 'FIN', 'ACK', 'RST', 'segment without SYN, FIN, ACK or RST'] as const

const ABBREVIATIONS = ['NO', 'SS', 'SR', 'ES', 'FW', 'CW', 'LA', 'TW', 'CL', 'S2', 'iv', 'ig']

/** after = TCP_TRANSITIONS[direction << 7 | class << 4 | before] */
export const TCP_TRANSITIONS: Uint8Array = transitions(
  [
    //          NO SS SR ES FW CW LA TW CL S2   original direction
    /* syn    */ 'SS SS ig ig ig ig ig SS SS S2',
    /* synack */ 'iv iv SR iv iv iv iv iv iv SR',
    /* fin    */ 'iv iv FW FW LA LA LA TW CL iv',
    /* ack    */ 'ES iv ES ES CW CW TW TW CL iv',
    /* rst    */ 'iv CL CL CL CL CL CL CL CL CL',
    /* none   */ 'iv iv iv iv iv iv iv iv iv iv',
  ],
  [
    //          NO SS SR ES FW CW LA TW CL S2   reply direction
    /* syn    */ 'iv S2 iv iv iv iv iv SS iv S2',
    /* synack */ 'iv SR ig ig ig ig ig ig ig SR',
    /* fin    */ 'iv iv FW FW LA LA LA TW CL iv',
    /* ack    */ 'iv ig SR ES CW CW TW TW CL ig',
    /* rst    */ 'iv CL CL CL CL CL CL CL CL CL',
    /* none   */ 'iv iv iv iv iv iv iv iv iv iv',
  ],
)

function transitions(...directions: readonly (readonly string[])[]): Uint8Array {
  const table = new Uint8Array(256).fill(TCP_INVALID)
  directions.forEach((rows, direction) => {
    rows.forEach((row, segment) => {
      row.split(' ').forEach((after, before) => {
        table[(direction << 7) | (segment << 4) | before] = ABBREVIATIONS.indexOf(after)
      })
    })
  })
  return table
}

/** Class of a segment by its flags (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32). */
export const SEGMENT_CLASS: Uint8Array = Uint8Array.from({ length: 64 }, (_, flags) => {
  if (flags & 4) return SEGMENT_RST
  if (flags & 2) return flags & 16 ? SEGMENT_SYNACK : SEGMENT_SYN
  if (flags & 1) return SEGMENT_FIN
  return flags & 16 ? SEGMENT_ACK : SEGMENT_NONE
})

/** 1 for the flags that may stand together; PSH, ECE and CWR are not looked at. S SU SA R RA FA FAU A AU. */
export const VALID_FLAGS: Uint8Array = validFlags([0x02, 0x22, 0x12, 0x04, 0x14, 0x11, 0x31, 0x10, 0x30])

function validFlags(sets: readonly number[]): Uint8Array {
  const table = new Uint8Array(64)
  for (const flags of sets) {
    table[flags] = 1
    table[flags | 0x08] = 1
  }
  return table
}
