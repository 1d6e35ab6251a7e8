/**
 * The connection table as rules can see and change it; implemented by the tracker. `connection` is an entry, never -1.
 */
export interface ConnectionView {
  /** IPS_ status bits (conntrack/status.ts), as `--ctstatus` tests them. */
  status(connection: number): number
  mark(connection: number): number
  setMark(connection: number, mark: number): void
  /** Nanoseconds left until the entry expires. */
  remainingNs(connection: number, nowNs: number): number
  /** Transport protocol of the original tuple. */
  protocol(connection: number): number
  /**
   * Word `index` (0 to 3; IPv4 has only 0) of an address of a tuple.
   * @param reply false: original tuple, true: reply tuple; @param destination false: source, true: destination
   */
  address(connection: number, reply: boolean, destination: boolean, index: number): number
  /** Port of a tuple in host order; for ICMP the identifier (source) or type << 8 | code (destination). */
  port(connection: number, reply: boolean, destination: boolean): number
  /** Conntrack zone of the original direction. */
  zone(connection: number): number
  /**
   * The connection to which a packet with the addresses, protocol and ports of the row (P_FAMILY, P_PROTOCOL, P_PORTS,
   * P_SRC, P_DST) would belong in that zone: twice the entry, plus 1 where the packet would be a reply; -1 for none.
   */
  find(fields: Int32Array, base: number, zone: number): number
  /** Whether packets find the connection: not before its first packet is accepted, nor after it has ended. */
  isFindable(connection: number): boolean
  /** Number of the connection, from 1; 0 for a free entry. Distinguishes later connections in the same entry. */
  number(connection: number): number
  /** From now on watchers are told of this connection. */
  watch(connection: number): void
  /** Adding a watcher again has no effect. */
  addWatcher(watcher: ConnectionWatcher): void
  /** Whether a TCP connection is at its end: TIME_WAIT or CLOSE. */
  isClosed(connection: number): boolean
  /**
   * Packets and bytes of a direction so far, this packet included. Only counted if CompiledRuleset.countsConnections.
   */
  packets(connection: number, reply: boolean): number
  bytes(connection: number, reply: boolean): number
  /** Connection labels, 0 to 127. */
  hasLabel(connection: number, label: number): boolean
  setLabel(connection: number, label: number): void
  /** The connection that announced this one, which may have ended; -1 for none. */
  master(connection: number): number
  /** Name of the helper that announced the connection; null for none. */
  masterHelper(connection: number): string | null
}

/** Is told about connections that are watched. */
export interface ConnectionWatcher {
  /** A packet of the connection was tracked: it may be closed now, or expire earlier than before. */
  moved(connection: number): void
  /** It leaves the connection table, because it expired, ended or was pushed out. It can no longer be found. */
  left(connection: number): void
}
