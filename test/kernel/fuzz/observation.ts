import type { Answer } from '../answer.ts'

/** What a side said about one frame, and what it knows of the frame's connection after it. */
export interface Observation {
  answer: Answer
  seenReply: boolean | null
  assured: boolean | null
  /** TCP or SCTP state; null where there is none, or where the side does not tell. */
  state: string | null
  /** Seconds that the connection has left; null where the side does not tell. */
  timeout: number | null
  /** Ours: an IPv6 header chain that ends beyond the datagram. */
  chainOverreaches: boolean
  /** Ours: from the machine to itself. */
  toItself: boolean
  /** Numbers of the reason that the other side can be held to. */
  bound: number | null
}
