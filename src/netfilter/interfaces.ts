import { FIELDS } from '../ruleset/evaluate/fields.ts'
import type { Family } from '../ruleset/packet/rule-environment.ts'
import { INTERFACE_UNKNOWN } from '../ruleset/packet/rule-packet.ts'
import { addressText, type Prefix, parsePrefix, prefixContains } from '../wire/address.ts'

/** Interface number of the loopback device, which every machine has. */
export const INTERFACE_LOOPBACK = 1

/** What rules lack where an interface is unknown, and the address that would tell it. */
const REASONS: ReadonlyMap<string, string> = new Map([
  [FIELDS.inInterface.missing, 'source'],
  [FIELDS.outInterface.missing, 'destination'],
])

/** An interface named by the networks behind it: `--iface NAME=CIDR[,CIDR]`. */
export interface InterfaceOption {
  readonly name: string
  readonly networks: readonly string[]
}

interface Network {
  readonly prefix: Prefix
  readonly interfaceNumber: number
}

/** The interfaces by which a packet comes in and leaves, as far as the options say. */
export class Interfaces {
  /** Names by number: '' for none, then lo, then those of the options. */
  readonly names: string[] = ['', 'lo']
  /** Longest prefix first. */
  readonly #networks: Network[] = []
  readonly #fixedIn: number
  readonly #fixedOut: number

  /** @throws Error naming the option and what is wrong with a network */
  constructor(options: readonly InterfaceOption[], inInterface?: string, outInterface?: string) {
    for (const option of options) {
      const interfaceNumber = this.#numberOf(option.name)
      for (const text of option.networks) this.#networks.push({ prefix: parsePrefix(text), interfaceNumber })
    }
    this.#networks.sort((a, b) => b.prefix.length - a.prefix.length)
    this.#refuseTwins()
    this.#fixedIn = inInterface === undefined ? INTERFACE_UNKNOWN : this.#numberOf(inInterface)
    this.#fixedOut = outInterface === undefined ? INTERFACE_UNKNOWN : this.#numberOf(outInterface)
  }

  /** Refuses two interfaces with the same network: only the order of the options would decide between them. */
  #refuseTwins(): void {
    const owners = new Map<string, number>()
    for (const { prefix, interfaceNumber } of this.#networks) {
      const network = `${addressText(prefix.words, 0, prefix.family)}/${prefix.length}`
      const owner = owners.get(network) ?? interfaceNumber
      if (owner !== interfaceNumber) {
        const [one, other] = [this.names[owner], this.names[interfaceNumber]]
        throw new Error(`--iface: ${network} is said to be behind ${one} and behind ${other}; take it out of one`)
      }
      owners.set(network, owner)
    }
  }

  #numberOf(name: string): number {
    const known = this.names.indexOf(name, INTERFACE_LOOPBACK)
    return known > 0 ? known : this.names.push(name) - 1
  }

  /** The interface by which a packet from the address at fields[at …] comes in: a number, or INTERFACE_UNKNOWN. */
  incoming(family: number, fields: Int32Array, at: number): number {
    return this.#fixedIn !== INTERFACE_UNKNOWN ? this.#fixedIn : this.behind(family, fields, at)
  }

  /** The interface by which a packet to the address at fields[at …] leaves. */
  outgoing(family: number, fields: Int32Array, at: number): number {
    return this.#fixedOut !== INTERFACE_UNKNOWN ? this.#fixedOut : this.behind(family, fields, at)
  }

  /** The interface of the network of the address at fields[at …], by `--iface`; INTERFACE_UNKNOWN for none. */
  behind(family: number, fields: ArrayLike<number>, at: number): number {
    for (let i = 0; i < this.#networks.length; i++) {
      const network = this.#networks[i]
      if (network.prefix.family === family && prefixContains(network.prefix, fields, at)) return network.interfaceNumber
    }
    return INTERFACE_UNKNOWN
  }

  /** What is missing where rules could not be decided; of an unknown interface, in view of the networks given. */
  whyUnknown(reason: string, family: Family): string {
    if (this.#networks.length === 0 || !REASONS.has(reason)) return reason
    const all = family === 'ipv4' ? '0.0.0.0/0' : '::/0'
    return `its ${REASONS.get(reason)} address is behind none of the networks of --iface; add one, or ${all}`
  }
}
