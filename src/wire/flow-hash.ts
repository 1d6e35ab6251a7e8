import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import {
  FRAGMENT_DEFRAG,
  FRAGMENT_REASSEMBLED,
  IP_V6,
  NOTE_NONE,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_IP_OPTIONS,
  P_NOTE,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TTL,
} from './packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from './protocols.ts'

const SEED_NAME = 'ctreplay.flowSeed'

/**
 * Seed of all hashes of flows. Random, so that nobody can prepare a capture whose connections all collide; the same in
 * all threads, which look up what another thread has hashed (`shareFlowSeed`). It affects no output.
 */
export const FLOW_SEED = seedGiven() ?? Math.floor(Math.random() * 0x7fffffff)

function seedGiven(): number | null {
  const given = getEnvironmentData(SEED_NAME)
  return typeof given === 'number' ? given : null
}

/** Threads started after this call get the seed of this one. */
export function shareFlowSeed(): void {
  setEnvironmentData(SEED_NAME, FLOW_SEED)
}

/** P_HASH of rows that are not plain. (One plain row in 2^32 has it, too, and then takes the slower lookup.) */
export const NO_HASH = 0
/** Added to the protocol in the word that is hashed last. */
export const KIND_IPV6 = 0x100

/**
 * The hash of a plain row's tuple, the same for both directions; NO_HASH for all other rows. Plain rows are TCP and UDP
 * datagrams that were not fragmented and that routing treats like all others of their connection (TTL above 1, no IP
 * options).
 */
export function flowHash(fields: Int32Array, base: number): number {
  if (!isPlain(fields, base)) return NO_HASH
  const isV6 = fields[base + P_FAMILY] === IP_V6
  const ports = fields[base + P_PORTS]
  let source = mixIn(FLOW_SEED, fields[base + P_SRC])
  let destination = mixIn(FLOW_SEED, fields[base + P_DST])
  if (isV6) {
    for (let word = 1; word < 4; word++) {
      source = mixIn(source, fields[base + P_SRC + word])
      destination = mixIn(destination, fields[base + P_DST + word])
    }
  }
  return tupleHash(source, destination, ports, fields[base + P_PROTOCOL] | (isV6 ? KIND_IPV6 : 0))
}

function isPlain(fields: Int32Array, base: number): boolean {
  const protocol = fields[base + P_PROTOCOL]
  return (
    (protocol === PROTO_TCP || protocol === PROTO_UDP) &&
    fields[base + P_NOTE] === NOTE_NONE &&
    fields[base + P_TTL] > 1 &&
    fields[base + P_IP_OPTIONS] === 0 &&
    (fields[base + P_FRAGMENT] & (FRAGMENT_DEFRAG | FRAGMENT_REASSEMBLED)) === 0
  )
}

/** Adds a word to a hash. That of an end of a flow begins with the seed. */
export function mixIn(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/**
 * The hash of a tuple from the hashes of its two addresses, the same in either order.
 * @param ports of the first end << 16 | of the second
 */
export function tupleHash(first: number, second: number, ports: number, kind: number): number {
  const ends = (endHash(first, ports >>> 16) + endHash(second, ports & 0xffff)) | 0
  const mixed = Math.imul(ends ^ kind, 0xc2b2ae35)
  return mixed ^ (mixed >>> 13)
}

/**
 * Mixed twice: with one mixing, the sums of two ends often collide where both ports count up, or where ports are
 * exchanged between the ends.
 */
function endHash(hash: number, port: number): number {
  const once = Math.imul(hash ^ port, 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 15), 0x2c1b3c6d)
  return twice ^ (twice >>> 16)
}
