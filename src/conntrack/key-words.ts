import { E_ADDRESS_A, E_ADDRESS_B, KIND_IPV6 } from './entry.ts'
import type { TupleKey } from './tuple.ts'

/** Writes both addresses of a key where an entry, or a reply key, has them. */
export function writeAddresses(words: Int32Array, a: number, b: number, key: TupleKey): void {
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

/** Whether the words of the IPv6 addresses behind the first are those of the key. */
export function sameTails(words: Int32Array, a: number, b: number, key: TupleKey): boolean {
  return (
    words[a + 1] === key.a1 &&
    words[a + 2] === key.a2 &&
    words[a + 3] === key.a3 &&
    words[b + 1] === key.b1 &&
    words[b + 2] === key.b2 &&
    words[b + 3] === key.b3
  )
}

/** Whether an entry stands between the addresses at fields[a …] and fields[b …], in this order. @param words of an address */
export function sameEnds(
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
