import type { Family, RuleEnvironment } from '../ruleset/packet/rule-environment.ts'
import { INTERFACE_NONE } from '../ruleset/packet/rule-packet.ts'
import { addressText } from '../wire/address.ts'
import { IP_V4, IP_V6 } from '../wire/packet-fields.ts'
import { isLoopback, isLoopbackBroadcast, isMulticast } from './address-kinds.ts'
import { INTERFACE_LOOPBACK, type InterfaceOption, Interfaces } from './interfaces.ts'
import { SCOPE_GLOBAL, scopeOf } from './ipv6-scope.ts'
import { LocalAddresses } from './local-addresses.ts'

/** Which machine the rules run on: one that forwards the traffic, or one that is an end of it. */
export type Mode = 'router' | 'host'

export interface TopologyOptions {
  readonly mode: Mode
  readonly local: readonly string[]
  readonly interfaces: readonly InterfaceOption[]
  readonly inInterface?: string | undefined
  readonly outInterface?: string | undefined
}

/** The kernel's address types (RTN_…). */
const RTN_UNICAST = 1
const RTN_LOCAL = 2
const RTN_BROADCAST = 3
const RTN_ANYCAST = 4
const RTN_MULTICAST = 5

/** 255.255.255.255 */
const EVERYBODY = -1

/** The machine and its networks, as far as the options say. */
export class Topology implements RuleEnvironment {
  readonly mode: Mode
  readonly local: LocalAddresses
  readonly routes: Interfaces
  /** The first address that `addressOn` had to choose from several, and how many others there were. */
  guessedAddress: { readonly chosen: string; readonly others: number } | null = null

  /** @throws Error with a sentence for the user where an address, network or name makes no sense */
  constructor(options: TopologyOptions) {
    this.mode = options.mode
    this.local = new LocalAddresses(options.local)
    // A host is assumed to have one interface, so either option names it.
    const isHost = options.mode === 'host'
    this.routes = new Interfaces(
      options.interfaces,
      options.inInterface ?? (isHost ? options.outInterface : undefined),
      options.outInterface ?? (isHost ? options.inInterface : undefined),
    )
  }

  get interfaces(): readonly string[] {
    return this.routes.names
  }

  /**
   * An address of the machine on an interface, as MASQUERADE chooses it: for IPv6 one with the scope of the address at
   * fields[at …], if there is one; null when none is known.
   */
  addressOn(family: number, interfaceNumber: number, fields: Int32Array, at: number): readonly number[] | null {
    const own = this.local.all(family)
    const reaching = family === IP_V4 ? own : own.filter((words) => scopeOf(words, 0) === scopeOf(fields, at))
    return this.#preferred(family, interfaceNumber, reaching) ?? this.#preferred(family, interfaceNumber, own)
  }

  /** The same as REDIRECT chooses it: addresses of smaller scope only for destinations of the same scope. */
  addressForRedirect(
    family: number,
    interfaceNumber: number,
    fields: Int32Array,
    at: number,
  ): readonly number[] | null {
    const address = this.addressOn(family, interfaceNumber, fields, at)
    if (address === null || family === IP_V4) return address
    const scope = scopeOf(fields, at)
    return scope === SCOPE_GLOBAL || scope === scopeOf(address, 0) ? address : null
  }

  /** A link-local address does not show which interface it is on. */
  #preferred(family: number, interfaceNumber: number, own: readonly (readonly number[])[]): readonly number[] | null {
    const onInterface = own.filter((words) => this.routes.behind(family, words, 0) === interfaceNumber)
    const [chosen, ...others] = onInterface.length > 0 ? onInterface : own
    if (others.length > 0) {
      this.guessedAddress ??= { chosen: addressText(chosen, 0, family), others: others.length }
    }
    return chosen ?? null
  }

  /** @param interfaceNumber only what belongs to this one is local or broadcast; INTERFACE_NONE for any */
  addressType(familyName: Family, fields: Int32Array, at: number, interfaceNumber: number): number {
    const family = familyName === 'ipv4' ? IP_V4 : IP_V6
    if (isMulticast(family, fields, at)) return RTN_MULTICAST
    if (family === IP_V4 && (fields[at] === 0 || fields[at] === EVERYBODY)) return RTN_BROADCAST
    const isBroadcast = this.local.isBroadcast(family, fields, at) || isLoopbackBroadcast(family, fields, at)
    if (!isBroadcast && !this.local.has(family, fields, at)) {
      return this.#isAnycast(family, fields, at) ? RTN_ANYCAST : RTN_UNICAST
    }
    if (interfaceNumber !== INTERFACE_NONE) {
      const own = isLoopback(family, fields, at) ? INTERFACE_LOOPBACK : this.routes.incoming(family, fields, at)
      if (own < 0 && interfaceNumber !== INTERFACE_LOOPBACK) return -1
      if (own !== interfaceNumber) return RTN_UNICAST
    }
    return isBroadcast ? RTN_BROADCAST : RTN_LOCAL
  }

  interfaceToward(familyName: Family, fields: Int32Array, at: number): number {
    return this.routes.behind(familyName === 'ipv4' ? IP_V4 : IP_V6, fields, at)
  }

  /** Routers alone hear the anycast addresses of their networks. */
  #isAnycast(family: number, fields: Int32Array, at: number): boolean {
    return this.mode === 'router' && this.local.isSubnetRouterAnycast(family, fields, at)
  }
}
