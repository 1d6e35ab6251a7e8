import type { ConnectionReader } from '../connection-reader.ts'
import type { Expectation, ExpectationPolicy, PendingExpectation } from '../expectations.ts'

/** What a helper made of a packet. */
export const HELP_ACCEPT = 0
/** The kernel's helper drops the packet. */
export const HELP_DROP = 1

/**
 * A helper reads the packets of a connection for connections that they announce. One file in helpers/ each, and one line
 * in helpers/registry.ts.
 */
export interface Helper {
  /** The kernel's name, as `-j CT --helper` and `-m helper` use it. */
  readonly name: string
  /** Transport protocols of connections that it may be attached to. */
  readonly protocols: readonly number[]
  readonly policies: readonly ExpectationPolicy[]
  /**
   * Called for each packet of its connections that reached the end of the hooks, before the connection is confirmed.
   * A HELP_ code.
   */
  help(packet: HelpedPacket): number
}

/** A packet as helpers see it. One instance, filled anew for each packet. */
export interface HelpedPacket {
  readonly bytes: Uint8Array
  /** Header fields (wire/packet-fields.ts), as they are behind NAT. */
  readonly fields: Int32Array
  readonly base: number
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
  /** Tuples, status and mark of this and other connections. */
  readonly connections: ConnectionReader
  /**
   * What the helper keeps of the connection from packet to packet; made by `blank` at first, gone with the connection.
   */
  memory<T extends object>(blank: () => T): T
  /** Announces a connection on behalf of this one: an EXPECT_ code. Zone, direction and master are filled in. */
  expect(announced: Omit<Expectation, 'zone' | 'direction'>): number
  /** Connections announced by this one that have not come yet. */
  expected(): readonly PendingExpectation[]
  forgetExpected(isMeant: (one: PendingExpectation) => boolean): void
  /** The live entry of a tuple, or -1. */
  find(
    family: number,
    protocol: number,
    source: readonly number[],
    destination: readonly number[],
    sourcePort: number,
    destinationPort: number,
  ): number
  /** Ends a connection at once, and what it announced. */
  kill(connection: number): void
  /** Sets the timeout of a connection from now on. */
  setTimeout(connection: number, timeoutNs: number): void
  /** PPTP: GRE packets from `source` to `destination` with this call identifier carry `sourceKey` as their other end. */
  mapGreKey(source: readonly number[], destination: readonly number[], callId: number, sourceKey: number): void
}
