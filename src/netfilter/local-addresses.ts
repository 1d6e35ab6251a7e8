import { addressText, type Prefix, parseAddress, parsePrefix } from '../wire/address.ts'
import { IP_V4 } from '../wire/packet-fields.ts'
import { isLoopback } from './address-kinds.ts'

/** From this prefix length on a network has no subnet-router anycast address (RFC 6164). */
const POINT_TO_POINT_V6 = 127

/** The machine's own addresses: `--local ADDR[/LEN],…`. LEN is the length of the address's network. */
export class LocalAddresses {
  readonly #ipv4: Int32Array
  /** Broadcast addresses of the networks that the addresses lie in. */
  readonly #broadcast: Int32Array
  /** Masks of these networks. */
  readonly #masks: Int32Array
  readonly #ipv6: Int32Array
  /** Subnet-router anycast addresses of the networks that the IPv6 addresses lie in. */
  readonly #anycast: Int32Array
  readonly texts: readonly string[]
  /** By the number of the address in its family: whether a packet was from it or to it. */
  readonly #met4: Uint8Array
  readonly #met6: Uint8Array

  /** @throws Error naming the option and what is wrong with the text */
  constructor(texts: readonly string[]) {
    const ipv4: number[] = []
    const ipv6: number[] = []
    const anycast: number[] = []
    const broadcast: number[] = []
    const masks: number[] = []
    for (const text of texts) {
      const slash = text.indexOf('/')
      const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
      if (address.family === IP_V4) {
        ipv4.push(address.words[0])
        const prefix: Prefix = parsePrefix(text)
        if (prefix.length < 31) {
          broadcast.push(prefix.words[0] | (0xffffffff >>> prefix.length))
          masks.push(~(0xffffffff >>> prefix.length))
        }
      } else {
        const prefix = parsePrefix(text)
        ipv6.push(...address.words)
        if (prefix.length < POINT_TO_POINT_V6) anycast.push(...prefix.words)
      }
    }
    this.#ipv4 = Int32Array.from(ipv4)
    this.#broadcast = Int32Array.from(broadcast)
    this.#masks = Int32Array.from(masks)
    this.#ipv6 = Int32Array.from(ipv6)
    this.#anycast = Int32Array.from(anycast)
    this.texts = texts
    this.#met4 = new Uint8Array(ipv4.length)
    this.#met6 = new Uint8Array(ipv6.length / 4)
  }

  get isEmpty(): boolean {
    return this.texts.length === 0
  }

  /** Words of each address of a family, in the order given. */
  all(family: number): readonly (readonly number[])[] {
    const words = family === IP_V4 ? this.#ipv4 : this.#ipv6
    const size = family === IP_V4 ? 1 : 4
    return Array.from({ length: words.length / size }, (_, i) => [...words.subarray(i * size, (i + 1) * size)])
  }

  /** Whether the address at fields[at …] is the machine's own; loopback addresses always are. */
  has(family: number, fields: Int32Array, at: number): boolean {
    if (isLoopback(family, fields, at)) return true
    if (family !== IP_V4) {
      const number = numberAmong(this.#ipv6, fields, at)
      if (number >= 0) this.#met6[number] = 1
      return number >= 0
    }
    const word = fields[at]
    for (let i = 0; i < this.#ipv4.length; i++) {
      if (this.#ipv4[i] !== word) continue
      this.#met4[i] = 1
      return true
    }
    return false
  }

  /** The addresses of a family that `has` was never asked for, without those of the loopback device. */
  unmet(family: number): string[] {
    const met = family === IP_V4 ? this.#met4 : this.#met6
    return this.all(family)
      .filter((words, number) => met[number] === 0 && !isLoopback(family, Int32Array.from(words), 0))
      .map((words) => addressText(words, 0, family))
  }

  /**
   * Whether the address at fields[at …] means any router of a network that the machine has an address in (RFC 4291,
   * 2.6.1).
   */
  isSubnetRouterAnycast(family: number, fields: Int32Array, at: number): boolean {
    return family !== IP_V4 && numberAmong(this.#anycast, fields, at) >= 0
  }

  /**
   * Whether an own IPv6 address ends with these three bytes, which its solicited-node group has, too (RFC 4291, 2.7.1).
   */
  endsWith(bytes: number): boolean {
    const own = this.#ipv6
    for (let i = 3; i < own.length; i += 4) if ((own[i] & 0xffffff) === bytes) return true
    return false
  }

  /** The limited broadcast address, or one of a network that the machine has an address in. */
  isBroadcast(family: number, fields: Int32Array, at: number): boolean {
    if (family !== IP_V4) return false
    const word = fields[at]
    if (word === -1) return true
    for (let i = 0; i < this.#broadcast.length; i++) if (this.#broadcast[i] === word) return true
    return false
  }

  /** Mask of the own network that this is the broadcast address of; 0 for any other address. */
  broadcastMask(family: number, fields: Int32Array, at: number): number {
    if (family !== IP_V4) return 0
    const index = this.#broadcast.indexOf(fields[at])
    return index < 0 ? 0 : this.#masks[index]
  }
}

/** The number of the four words at fields[at …] among the IPv6 addresses, from 0; -1 where they are not. */
function numberAmong(addresses: Int32Array, fields: Int32Array, at: number): number {
  const a = fields[at]
  const b = fields[at + 1]
  const c = fields[at + 2]
  const d = fields[at + 3]
  for (let i = 0; i < addresses.length; i += 4) {
    if (addresses[i] === a && addresses[i + 1] === b && addresses[i + 2] === c && addresses[i + 3] === d) return i >> 2
  }
  return -1
}
