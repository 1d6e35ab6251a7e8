import type { ExpectationPolicy, ExpectedTuple, Follow, PendingExpectation } from '../expectations.ts'
import { CT_ESTABLISHED, CT_ESTABLISHED_REPLY } from '../status.ts'

/** Results of a helper: all but HELP_ACCEPT say why the kernel's helper drops the packet. */
export const HELP_ACCEPT = 0
/** The packet can be read only in part, or contradicts itself. */
export const HELP_DROP = 1
/** The connection that it announces cannot be expected. */
export const HELP_REFUSED = 2
/** The connection is translated, and there is no free port for what the packet announces. */
export const HELP_NO_PORT = 3
/** The connection is translated, and the packet cannot be rewritten. */
export const HELP_CANNOT_REWRITE = 4

/**
 * A helper searches the packets of a connection for other connections that they announce. One file in helpers/ each,
 * and one line in helpers/registry.ts.
 */
export interface Helper {
  /** The kernel's name, as `-j CT --helper` and `-m helper` use it. */
  readonly name: string
  /** Transport protocols of connections that it may be attached to. */
  readonly protocols: readonly number[]
  /** Whether it knows IPv6 besides IPv4. */
  readonly ipv6: boolean
  readonly policies: readonly ExpectationPolicy[]
  /** Bytes of the payload, from its start, that it needs; a packet that the capture cut within them is not read. */
  readonly reads: number
  /**
   * Called for each packet of its connections at the end of the hooks, before the connection is confirmed.
   * @returns a HELP_ code
   */
  help(packet: HelpedPacket): number
  /**
   * Called when the connection of `packet` has been freed, and what it announced removed. There is no packet to read.
   */
  ended?(packet: HelpedPacket, memory: object): void
}

/** What a helper says about an expected connection; the runner fills in the rest. */
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
  /** How the expected connection is translated, if this one is. By the rules of the nat table when absent. */
  readonly follow?: Follow | null
}

/** A packet as helpers see it. One instance, filled anew for each packet. */
export interface HelpedPacket {
  readonly bytes: Uint8Array
  /** Header fields (wire/packet-fields.ts) after translation. */
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
  /** The packet is sent by this machine itself. */
  readonly isSent: boolean
  /** NAT changes addresses or ports of the connection. */
  readonly isTranslated: boolean
  readonly networks: OwnNetworks
  readonly connections: HelpedConnections
  /** Source or destination address of the connection's tuple of a direction (0 or 1). */
  address(direction: number, destination: boolean): number[]
  port(direction: number, destination: boolean): number
  /** The helper's memory of the connection: made by `blank` at first use, freed with the connection. */
  memory<T extends object>(blank: () => T): T
  /**
   * Notes that NAT replaces `read` bytes of the payload by `written` bytes, so that sequence numbers differ on the two
   * sides from here on. False when the packet would become too long.
   */
  rewrite(read: number, written: number): boolean
  /** Bytes that NAT added to this packet so far. They shift sequence numbers once the helper accepts the packet. */
  growth: number
  /** Announces a connection on behalf of this one: an EXPECT_ code. */
  expect(announced: Announcement): number
  /** Expectations of this connection that are not fulfilled yet, oldest first. */
  expected(): readonly PendingExpectation[]
  /** The newest of all expectations that this tuple would fulfil, or null. */
  findExpected(tuple: Omit<ExpectedTuple, 'family' | 'zone'>): PendingExpectation | null
  forgetExpected(one: PendingExpectation): void
  /** Activates an expectation, or renews it, for so many seconds. */
  renewExpected(one: PendingExpectation, seconds: number): void
  /** Whether another connection has this helper, over the same network and transport protocols. */
  isHelpedAlike(connection: number): boolean
  /** The live entry of a tuple, or -1. For GRE, keys stand for ports. */
  find(
    protocol: number,
    source: readonly number[],
    destination: readonly number[],
    sourcePort: number,
    destinationPort: number,
  ): number
  /** Ends a connection at once, together with what it announced. */
  kill(connection: number): void
  /** Sets the timeout of this connection from now on. */
  setTimeout(seconds: number): void
  /**
   * PPTP: GRE packets from `source` to `destination` with this call identifier get `sourceKey` as the key of their
   * source.
   */
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

/** Withdraws the connection to this port that was announced last. */
export function forgetExpectedAt(packet: HelpedPacket, port: number): void {
  const added = packet.expected().findLast((one) => one.destinationPort === port)
  if (added !== undefined) packet.forgetExpected(added)
}

/** Whether the packet's connection has been answered; most helpers read only such packets. */
export function isAnswered(info: number): boolean {
  return info === CT_ESTABLISHED || info === CT_ESTABLISHED_REPLY
}
