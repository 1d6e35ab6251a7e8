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
 * threads of a process, which look up what another one hashed. It shows in no output.
 */
export const FLOW_SEED = seedOfProcess()

function seedOfProcess(): number {
  const given = getEnvironmentData(SEED_NAME)
  if (typeof given === 'number') return given
  const seed = randomInt(0x7fffffff)
  setEnvironmentData(SEED_NAME, seed)
  return seed
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
  const ports = fields[base + P_PORTS]
  const isV6 = fields[base + P_FAMILY] === IP_V6
  const isSwapped = isFromHigherEnd(fields, base, isV6 ? 4 : 1, ports)
  const a = base + (isSwapped ? P_DST : P_SRC)
  const b = base + (isSwapped ? P_SRC : P_DST)
  const sorted = isSwapped ? (ports << 16) | (ports >>> 16) : ports
  let hash = beginHash(FLOW_SEED, fields[a], fields[b])
  if (isV6) {
    for (let word = 1; word < 4; word++) hash = mixIn(hash, fields[a + word])
    for (let word = 1; word < 4; word++) hash = mixIn(hash, fields[b + word])
  }
  return endHash(hash, sorted, fields[base + P_PROTOCOL] | (isV6 ? KIND_IPV6 : 0))
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

/** Whether the source, address and then port, is above the destination. */
function isFromHigherEnd(fields: Int32Array, base: number, words: number, ports: number): boolean {
  for (let word = 0; word < words; word++) {
    const source = fields[base + P_SRC + word] >>> 0
    const destination = fields[base + P_DST + word] >>> 0
    if (source !== destination) return source > destination
  }
  return ports >>> 16 > (ports & 0xffff)
}

/** A hash begins with the first words of both addresses, … */
export function beginHash(seed: number, a0: number, b0: number): number {
  return Math.imul(a0 ^ seed, 0x9e3779b1) ^ b0
}

/** … goes on with what other words there are, … */
export function mixIn(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ word
  return Math.imul(mixed, 0xc2b2ae35)
}

/** … and ends with both ports and the kind. */
export function endHash(hash: number, ports: number, kind: number): number {
  let mixed = mixIn(mixIn(hash, ports), kind)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
