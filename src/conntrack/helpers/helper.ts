import type { ExpectationPolicy, ExpectedTuple, Follow, PendingExpectation } from '../expectations.ts'
import { CT_ESTABLISHED, CT_ESTABLISHED_REPLY } from '../status.ts'

/** What a helper made of a packet: all but HELP_ACCEPT say why the kernel's helper drops it. */
export const HELP_ACCEPT = 0
/** It can be read only in part, or not be what it claims to be. */
export const HELP_DROP = 1
/** The connection that it announces cannot be expected. */
export const HELP_REFUSED = 2
/** The connection is translated, and what the packet announces gets no port. */
export const HELP_NO_PORT = 3
/** The connection is translated, and the packet cannot be rewritten. */
export const HELP_CANNOT_REWRITE = 4

/**
 * A helper reads the packets of a connection for connections that they announce. One file in helpers/ each, and one line
 * in helpers/registry.ts.
 */
export interface Helper {
  /** The kernel's name, as `-j CT --helper` and `-m helper` use it. */
  readonly name: string
  /** Transport protocols of connections that it may be attached to. */
  readonly protocols: readonly number[]
  /** Whether it knows IPv6 besides IPv4. */
  readonly ipv6: boolean
  readonly policies: readonly ExpectationPolicy[]
  /** Bytes from the start of the payload that it needs to see; a packet that the capture cut within them is not read. */
  readonly reads: number
  /**
   * Called for each packet of its connections that reached the end of the hooks, before the connection is confirmed.
   * A HELP_ code.
   */
  help(packet: HelpedPacket): number
  /** The connection of `packet` is no more; what it announced is forgotten already. There is no packet to read. */
  ended?(packet: HelpedPacket, memory: object): void
}

/** What a helper says of a connection to come; the runner fills in the rest. */
export interface Announcement {
  readonly protocol: number
  /** null for any address. */
  readonly source: readonly number[] | null
  readonly sourceMask?: number
  /** Any port when absent. */
  readonly sourcePort?: number
  readonly destination: readonly number[]
  readonly destinationPort: number
  /** The first when absent. */
  readonly policy?: number
  readonly helper?: string
  readonly permanent?: boolean
  readonly inactive?: boolean
  readonly anyMaster?: boolean
  readonly pairedWith?: Omit<ExpectedTuple, 'family' | 'zone'>
  /** Of a translated connection only: how the one to come is translated. By the rules of the nat table when absent. */
  readonly follow?: Follow | null
}

/** A packet as helpers see it. One instance, filled anew for each packet. */
export interface HelpedPacket {
  readonly bytes: Uint8Array
  /** Header fields (wire/packet-fields.ts), as they are behind NAT. */
  readonly fields: Int32Array
  readonly base: number
  /** IP_V4 or IP_V6. */
  readonly family: number
  /** Offset of the transport payload in `bytes`. */
  readonly payload: number
  /** Bytes of payload as the headers say, and as the capture holds. */
  readonly payloadLength: number
  readonly payloadCaptured: number
  readonly connection: number
  /** CT_ code, and 0 original or 1 reply. */
  readonly info: number
  readonly direction: number
  readonly nowNs: number
  /** The machine sends the packet itself. */
  readonly isSent: boolean
  /** NAT changes addresses or ports of the connection. */
  readonly isTranslated: boolean
  readonly networks: OwnNetworks
  readonly connections: HelpedConnections
  /** An address of the connection's tuple of a direction (0 or 1). */
  address(direction: number, destination: boolean): number[]
  port(direction: number, destination: boolean): number
  /**
   * What the helper keeps of the connection from packet to packet; made by `blank` at first, gone with the connection.
   */
  memory<T extends object>(blank: () => T): T
  /**
   * NAT writes `written` bytes over `read` bytes of the payload: sequence numbers from here on are not the same on both
   * sides. False when the packet would become too long.
   */
  rewrite(read: number, written: number): boolean
  /** Bytes that NAT added to this packet so far; those of a packet that the helper accepts shift sequence numbers. */
  growth: number
  /** Announces a connection on behalf of this one: an EXPECT_ code. */
  expect(announced: Announcement): number
  /** Connections announced by this one that have not come yet, oldest first. */
  expected(): readonly PendingExpectation[]
  /** The newest of all announced connections that this tuple would meet, or null. */
  findExpected(tuple: Omit<ExpectedTuple, 'family' | 'zone'>): PendingExpectation | null
  forgetExpected(one: PendingExpectation): void
  /** Wakes an announced connection, or lets it live this long from now on. */
  renewExpected(one: PendingExpectation, seconds: number): void
  /** Whether another connection has this helper, over the same protocols. */
  isHelpedAlike(connection: number): boolean
  /** The live entry of a tuple, or -1; keys of GRE stand for its ports. */
  find(
    protocol: number,
    source: readonly number[],
    destination: readonly number[],
    sourcePort: number,
    destinationPort: number,
  ): number
  /** Ends a connection at once, and what it announced. */
  kill(connection: number): void
  /** Sets the timeout of this connection from now on. */
  setTimeout(seconds: number): void
  /** PPTP: GRE packets from `source` to `destination` with this call identifier carry `sourceKey` as their other end. */
  mapGreKey(source: readonly number[], destination: readonly number[], callId: number, sourceKey: number): void
  unmapGreKey(source: readonly number[], destination: readonly number[], callId: number): void
}

/** The connection table, as far as helpers read it. */
interface HelpedConnections {
  /** IPS_ bits (status.ts). */
  status(connection: number): number
  /** Transport protocol of the original tuple. */
  protocol(connection: number): number
}

/** The networks that the machine has addresses in. */
export interface OwnNetworks {
  /** IPv4 mask of the network that the address at fields[at] is the broadcast address of; 0 for any other address. */
  broadcastMask(family: number, fields: Int32Array, at: number): number
}

/** Packets of connections that were answered; others are not looked into by most helpers. */
export function isAnswered(info: number): boolean {
  return info === CT_ESTABLISHED || info === CT_ESTABLISHED_REPLY
}
