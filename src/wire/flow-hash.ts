import { randomInt } from 'node:crypto'
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
 * Seed of all hashes of flows: random, so that nobody can prepare a capture whose connections all collide, and one for all
 * threads that look up what another one hashed (`shareFlowSeed`). It shows in no output.
 */
export const FLOW_SEED = seedGiven() ?? randomInt(0x7fffffff)

function seedGiven(): number | null {
  const given = getEnvironmentData(SEED_NAME)
  return typeof given === 'number' ? given : null
}

/** Threads that this one starts from now on have its seed. */
export function shareFlowSeed(): void {
  setEnvironmentData(SEED_NAME, FLOW_SEED)
}

/** P_HASH of rows that are not plain; one plain row in four thousand million has it, too. */
export const NO_HASH = 0
/** Beside the protocol in what is hashed last. */
export const KIND_IPV6 = 0x100

/**
 * The hash of a plain row's tuple, the same for both directions; NO_HASH for rows that are not plain: TCP and UDP datagrams
 * that came whole, of which routing thinks as of any other of their connection.
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

/** A word of an end's address is added to its hash, which begins with the seed. */
export function mixIn(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/**
 * The hash of a tuple by those of its ends' addresses: the same whichever of them is the first.
 * @param ports of the first end << 16 | of the second
 */
export function tupleHash(first: number, second: number, ports: number, kind: number): number {
  const ends = (endHash(first, ports >>> 16) + endHash(second, ports & 0xffff)) | 0
  const mixed = Math.imul(ends ^ kind, 0xc2b2ae35)
  return mixed ^ (mixed >>> 13)
}

/** Mixed twice: sums of ends mixed once meet, where both ends count up or ports are exchanged (one end against another). */
function endHash(hash: number, port: number): number {
  const once = Math.imul(hash ^ port, 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 15), 0x2c1b3c6d)
  return twice ^ (twice >>> 16)
}
