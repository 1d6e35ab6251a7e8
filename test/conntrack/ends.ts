import { type TcpOptions, tcp } from '../support/packets.ts'

/** Segments of one connection: from the client, and from the server. */
export const CLIENT = '10.0.0.1:1000'
export const SERVER = '10.9.9.9:80'

export const c = (flags: string, seq = 0, ack = 0, data: string | number = '', more: TcpOptions = {}): Uint8Array =>
  tcp(`${CLIENT}>${SERVER}`, flags, { seq: seq >>> 0, ack: ack >>> 0, data, ...more })
export const s = (flags: string, seq = 0, ack = 0, data: string | number = '', more: TcpOptions = {}): Uint8Array =>
  tcp(`${SERVER}>${CLIENT}`, flags, { seq: seq >>> 0, ack: ack >>> 0, data, ...more })

/** Ways to each state of the tracker, with client numbers from 100 and server numbers from 500. */
export const TO_STATE = {
  SYN_SENT: [c('S', 100)],
  SYN_RECV: [c('S', 100), s('SA', 500, 101)],
  ESTABLISHED: [c('S', 100), s('SA', 500, 101), c('A', 101, 501)],
  FIN_WAIT: [c('S', 100), s('SA', 500, 101), c('A', 101, 501), c('FA', 101, 501)],
  CLOSE_WAIT: [c('S', 100), s('SA', 500, 101), c('A', 101, 501), c('FA', 101, 501), s('A', 501, 102)],
  LAST_ACK: [c('S', 100), s('SA', 500, 101), c('A', 101, 501), c('FA', 101, 501), s('FA', 501, 102)],
  TIME_WAIT: [c('S', 100), s('SA', 500, 101), c('A', 101, 501), c('FA', 101, 501), s('FA', 501, 102), c('A', 102, 502)],
  CLOSE: [c('S', 100), s('SA', 500, 101), c('A', 101, 501), s('R', 501)],
  SYN_SENT2: [c('S', 100), s('S', 500)],
} as const satisfies Record<string, readonly Uint8Array[]>
