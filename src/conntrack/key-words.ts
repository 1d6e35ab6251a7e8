import { P_DST, P_PORTS, P_SRC } from '../wire/packet-fields.ts'
import {
  E_ADDRESS_A,
  E_ADDRESS_B,
  E_KIND,
  E_PORTS,
  E_STATUS,
  ENTRY_ORIGINAL_FROM_B,
  ENTRY_TWO_TUPLES,
  KIND_IPV6,
} from './entry.ts'
import {
  X_REPLY_ADDRESS_A,
  X_REPLY_ADDRESS_B,
  X_REPLY_FROM_B,
  X_REPLY_HASH,
  X_REPLY_KIND,
  X_REPLY_PORTS,
} from './extensions.ts'
import type { TupleKey } from './tuple.ts'

/** The key is not that of the entry's packets. */
export const OTHER_KEY = -1

/** Writes a key into the entry that begins at `e`, without its direction. */
export function writeKey(entries: Int32Array, e: number, key: TupleKey): void {
  writeAddresses(entries, e + E_ADDRESS_A, e + E_ADDRESS_B, key)
  entries[e + E_PORTS] = key.ports
  entries[e + E_KIND] = key.kind
}

/** Writes the key of a packet of the reply direction into the extension record that begins at `x`. */
export function writeReplyKey(records: Int32Array, x: number, key: TupleKey): void {
  writeAddresses(records, x + X_REPLY_ADDRESS_A, x + X_REPLY_ADDRESS_B, key)
  records[x + X_REPLY_PORTS] = key.ports
  records[x + X_REPLY_KIND] = key.kind
  records[x + X_REPLY_HASH] = key.hash
  records[x + X_REPLY_FROM_B] = key.swapped ? 1 : 0
}

function writeAddresses(words: Int32Array, a: number, b: number, key: TupleKey): void {
  words[a] = key.a0
  words[b] = key.b0
  if ((key.kind & KIND_IPV6) === 0) return
  words[a + 1] = key.a1
  words[a + 2] = key.a2
  words[a + 3] = key.a3
  words[b + 1] = key.b1
  words[b + 2] = key.b2
  words[b + 3] = key.b3
}

/**
 * Direction of a packet with this key if the entry at `e` has the same key, else OTHER_KEY.
 * @param only as in ConnectionTable.find
 */
export function directionByKey(entries: Int32Array, e: number, key: TupleKey, only: number): number {
  if (
    entries[e + E_PORTS] !== key.ports ||
    entries[e + E_ADDRESS_A] !== key.a0 ||
    entries[e + E_ADDRESS_B] !== key.b0 ||
    entries[e + E_KIND] !== key.kind ||
    ((key.kind & KIND_IPV6) !== 0 && !hasTails(entries, e + E_ADDRESS_A, e + E_ADDRESS_B, key))
  ) {
    return OTHER_KEY
  }
  const status = entries[e + E_STATUS]
  const isOriginal = key.swapped === ((status & ENTRY_ORIGINAL_FROM_B) !== 0)
  if ((status & ENTRY_TWO_TUPLES) !== 0) return isOriginal || key.symmetric ? 0 : OTHER_KEY
  // Both directions have this tuple.
  if (key.symmetric) return only === 0 ? 0 : 1
  return isOriginal ? 0 : 1
}

/** 1 if a packet with this key belongs to an entry by the reply key in its record at `x`, else OTHER_KEY. */
export function directionByReplyKey(records: Int32Array, x: number, key: TupleKey): number {
  if (
    records[x + X_REPLY_PORTS] !== key.ports ||
    records[x + X_REPLY_ADDRESS_A] !== key.a0 ||
    records[x + X_REPLY_ADDRESS_B] !== key.b0 ||
    records[x + X_REPLY_KIND] !== key.kind ||
    ((key.kind & KIND_IPV6) !== 0 && !hasTails(records, x + X_REPLY_ADDRESS_A, x + X_REPLY_ADDRESS_B, key))
  ) {
    return OTHER_KEY
  }
  return key.swapped === (records[x + X_REPLY_FROM_B] !== 0) || key.symmetric ? 1 : OTHER_KEY
}

/** Whether the words of the IPv6 addresses after the first are those of the key. */
function hasTails(words: Int32Array, a: number, b: number, key: TupleKey): boolean {
  return (
    words[a + 1] === key.a1 &&
    words[a + 2] === key.a2 &&
    words[a + 3] === key.a3 &&
    words[b + 1] === key.b1 &&
    words[b + 2] === key.b2 &&
    words[b + 3] === key.b3
  )
}

/**
 * Direction of a TCP or UDP packet of zone 0 if it belongs to the entry at `e`, which has one tuple and the packet's
 * kind; else OTHER_KEY, also where both directions look the same.
 */
export function directionOfPacket(
  entries: Int32Array,
  e: number,
  fields: Int32Array,
  base: number,
  isV6: boolean,
): number {
  const ports = fields[base + P_PORTS]
  const turned = (ports << 16) | (ports >>> 16)
  const words = isV6 ? 4 : 1
  const isFromA = entries[e + E_PORTS] === ports && standsBetween(entries, e, fields, base + P_SRC, base + P_DST, words)
  const isFromB =
    entries[e + E_PORTS] === turned && standsBetween(entries, e, fields, base + P_DST, base + P_SRC, words)
  if (isFromA === isFromB) return OTHER_KEY
  return isFromB === ((entries[e + E_STATUS] & ENTRY_ORIGINAL_FROM_B) !== 0) ? 0 : 1
}

/** Whether the entry's ends A and B have the addresses at fields[a …] and fields[b …]. @param words of an address */
function standsBetween(
  entries: Int32Array,
  e: number,
  fields: Int32Array,
  a: number,
  b: number,
  words: number,
): boolean {
  for (let word = 0; word < words; word++) {
    if (entries[e + E_ADDRESS_A + word] !== fields[a + word] || entries[e + E_ADDRESS_B + word] !== fields[b + word]) {
      return false
    }
  }
  return true
}
