import { E_EXPIRY, E_NUMBER, E_STATUS, ENTRY_INTS, KIND_ZONE_SHIFT } from './entry.ts'
import { ExpectationTable, type PendingExpectation, tupleOf } from './expectations.ts'
import { X_HELPER, X_MARK, X_TIMEOUT_POLICY } from './extensions.ts'
import type { Finding } from './finding.ts'
import { helperNumber } from './helpers/registry.ts'
import {
  CT_ESTABLISHED,
  CT_ESTABLISHED_REPLY,
  CT_INVALID,
  CT_NEW,
  CT_RELATED,
  CT_RELATED_REPLY,
  CT_UNTRACKED,
  IPS_CONFIRMED,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
} from './status.ts'
import { ANY_DIRECTION, ConnectionTable } from './table.ts'
import { TableLimit } from './table-limit.ts'
import { TupleKey } from './tuple.ts'

export const NO_ENTRY = -1
export const NOT_LOOKED_UP = -2
/**
 * Entries that are checked for expiry whenever one is made: two of them keep the table within twice its live entries.
 */
const SWEEP_STEPS = 2
const OPENINGS_TO_SWEEP = 32
/** The connection of the packet being processed: found, made, confirmed or forgotten. */
export class CurrentConnection {
  /** Entry of the packet, -1 for none. */
  id = NO_ENTRY
  /** CT_ code of the packet. */
  info = CT_INVALID
  /** Number of the connection, from 1; 0 for none. */
  number = 0
  /** Zones in which packets of the original and of the reply direction are looked up, and the helper to attach (-1). */
  zoneOriginal = 0
  zoneReply = 0
  helper = -1
  /** Number of the timeout policy that a new connection gets, from 1; 0 for none. */
  timeoutPolicy = 0
  /** ICMP errors: bytes of the quoted packet after its IP header. */
  quotedTransportBytes = 0
  /** Entry and number of the connection whose state made the packet INVALID; else -1 and 0. */
  refusedBy = NO_ENTRY
  refusedByNumber = 0
  /**
   * The entry of the packet's tuple if it was looked up before the tracker's turn: NO_ENTRY if there was none,
   * NOT_LOOKED_UP if nobody looked; and the packet's direction. Valid for one `resolve`.
   */
  lookedUp = NOT_LOOKED_UP
  lookedUpDirection = 0
  /**
   * False for a packet that only repeats the opening of its connection: it neither renews the timeout nor counts for
   * it.
   */
  renewed = true
  /** The expectation that the packet's new connection fulfils. */
  fulfilled: PendingExpectation | null = null

  readonly table: ConnectionTable
  readonly expectations: ExpectationTable
  readonly key: TupleKey
  readonly limit: TableLimit
  peakCount = 0
  /** The connection of the last packet, if it ended with that packet. */
  #ended = NO_ENTRY
  readonly #finding: Finding

  /** @param max nf_conntrack_max, 0 for no limit; @param expectMax nf_conntrack_expect_max; @param seed of the hash */
  constructor(max: number, expectMax: number, seed: number, finding: Finding) {
    this.#finding = finding
    this.table = new ConnectionTable(max, seed)
    this.limit = new TableLimit(max, this.table, finding)
    this.expectations = new ExpectationTable(expectMax)
    this.key = new TupleKey(seed)
    this.expectations.masterLives = (id) =>
      (this.table.entries[id * ENTRY_INTS + E_STATUS] & IPS_CONFIRMED) !== 0 &&
      this.table.times[(id * ENTRY_INTS + E_EXPIRY) >> 1] > this.nowNs
  }

  /** The replay's clock in nanoseconds, as set by `tick`. */
  get nowNs(): number {
    return this.table.nowNs
  }

  /** @param nowNs must not run backwards */
  tick(nowNs: number): void {
    this.table.nowNs = nowNs
  }

  begin(): void {
    this.forgetEnded()
    this.id = NO_ENTRY
    this.info = CT_INVALID
    this.number = 0
    this.refusedBy = NO_ENTRY
    this.refusedByNumber = 0
    this.renewed = true
    this.fulfilled = null
    this.#finding.clear()
  }

  /** The packet is not tracked at all. */
  untrack(): void {
    this.id = NO_ENTRY
    this.info = CT_UNTRACKED
    this.number = 0
  }

  /** 0 for packets of the original direction, 1 for the reply direction. */
  get direction(): number {
    return this.info === CT_ESTABLISHED_REPLY || this.info === CT_RELATED_REPLY ? 1 : 0
  }

  /**
   * Finds the entry of a tuple in the packet's zones, or -1.
   * @param fields row that holds the tuple; GRE keys stand for ports
   * @param inverse look for the tuple with source and destination exchanged, as for a packet quoted in an ICMP error
   */
  find(fields: Int32Array, base: number, greSource: number, greDestination: number, inverse: boolean): number {
    const key = this.key
    const onlyOriginal = this.zoneOriginal === this.zoneReply ? ANY_DIRECTION : 0
    key.fill(fields, base, this.zoneOriginal, greSource, greDestination)
    if (inverse) key.swapped = !key.swapped
    const id = this.table.find(key, onlyOriginal)
    if (id >= 0 || onlyOriginal === ANY_DIRECTION) return id
    key.fill(fields, base, this.zoneReply, greSource, greDestination)
    if (inverse) key.swapped = !key.swapped
    return this.table.find(key, 1)
  }

  /** `find` for a TCP or UDP packet of zone 0. @param hash of its key */
  findPlain(fields: Int32Array, base: number, hash: number): number {
    this.zoneOriginal = 0
    this.zoneReply = 0
    this.key.refill(fields, base, hash)
    return this.table.find(this.key)
  }

  /** Attaches the packet to its connection, which is made if there is none. False when the table is full. */
  resolve(fields: Int32Array, base: number, greSource: number, greDestination: number): boolean {
    const id = this.#known(fields, base, greSource, greDestination)
    if (id === NO_ENTRY) return this.#open(fields, base)
    this.attach(id)
    return true
  }

  /** What `resolve` does to others, for a packet that Linux refuses only after it has got its connection. */
  resolveInVain(fields: Int32Array, base: number): boolean {
    return this.#known(fields, base, 0, 0) !== NO_ENTRY || this.openInVain(fields, base)
  }

  /**
   * What making a connection for the tuple in `key` does to others: the expectation that it meets is used up, and a full
   * table pushes out an entry. False when it stays full.
   */
  openInVain(fields: Int32Array, base: number): boolean {
    if (!this.limit.hasRoom()) return false
    if (this.expectations.count > 0) this.#takeExpectation(fields, base)
    return true
  }

  /** The packet's entry, or NO_ENTRY; then its tuple is in `key`. */
  #known(fields: Int32Array, base: number, greSource: number, greDestination: number): number {
    let id = this.lookedUp
    if (id === NOT_LOOKED_UP) id = this.find(fields, base, greSource, greDestination, false)
    else this.table.foundDirection = this.lookedUpDirection
    this.lookedUp = NOT_LOOKED_UP
    // The lookup has left the key in place, unless there are two zones.
    const isLost = id === NO_ENTRY && this.zoneOriginal !== this.zoneReply
    if (isLost) this.key.fill(fields, base, this.zoneOriginal, greSource, greDestination)
    return id
  }

  /**
   * `begin` for a packet of which only its established connection needs to be known. The finding of the packet before
   * stays as it is.
   */
  beginEstablished(id: number, direction: number): void {
    this.lookedUp = NOT_LOOKED_UP
    this.id = id
    this.number = this.table.entries[id * ENTRY_INTS + E_NUMBER]
    this.info = direction === 0 ? CT_ESTABLISHED : CT_ESTABLISHED_REPLY
  }

  /** The packet before has been processed; if its connection ended with it, the entry is freed now. */
  forgetEnded(): void {
    if (this.#ended === NO_ENTRY) return
    this.table.free(this.#ended)
    this.#ended = NO_ENTRY
  }

  /** Attaches the packet to the entry that `find` just found. */
  attach(id: number): void {
    const e = id * ENTRY_INTS
    const status = this.table.entries[e + E_STATUS]
    this.id = id
    this.number = this.table.entries[e + E_NUMBER]
    if (this.table.foundDirection === 1) this.info = CT_ESTABLISHED_REPLY
    else if ((status & IPS_SEEN_REPLY) !== 0) this.info = CT_ESTABLISHED
    else this.info = (status & IPS_EXPECTED) !== 0 ? CT_RELATED : CT_NEW
  }

  /**
   * The packet's zone, for whichever direction it was set: expectations do not depend on the direction (oracle: random
   * combinations).
   */
  get zoneId(): number {
    return this.zoneOriginal || this.zoneReply
  }

  /** Makes an entry for the packet; not findable until confirmed. False when the table is full. */
  open(fields: Int32Array, base: number): boolean {
    this.key.fill(fields, base, this.zoneOriginal, 0, 0)
    return this.#open(fields, base)
  }

  /** For the tuple in `key`. */
  #open(fields: Int32Array, base: number): boolean {
    if (!this.limit.hasRoom()) return false
    if (this.table.created % OPENINGS_TO_SWEEP === 0) this.table.cleaner.sweep(SWEEP_STEPS * OPENINGS_TO_SWEEP)
    this.id = this.table.allocate(this.key)
    this.info = CT_NEW
    this.number = this.table.created
    if (this.timeoutPolicy > 0) this.#setTimeoutPolicy()
    if (this.expectations.count > 0) this.#meetExpectation(fields, base)
    if (this.fulfilled === null && this.helper >= 0) this.setHelper(this.id, this.helper)
    if (this.zoneReply !== this.zoneOriginal) this.#setReplyZone()
    return true
  }

  #setTimeoutPolicy(): void {
    const x = this.table.extend(this.id)
    this.table.extensions.records[x + X_TIMEOUT_POLICY] = this.timeoutPolicy
  }

  #setReplyZone(): void {
    this.table.hasSplitZones = true
    const key = this.key
    key.kind = (key.kind & ((1 << KIND_ZONE_SHIFT) - 1)) | (this.zoneReply << KIND_ZONE_SHIFT)
    key.swapped = !key.swapped
    key.rehash()
    this.table.setReplyKey(this.id, key)
  }

  /**
   * A connection that was announced is RELATED, inherits its master's mark, and gets the helper it was announced with.
   */
  #meetExpectation(fields: Int32Array, base: number): void {
    const met = this.#takeExpectation(fields, base)
    if (met === null) return
    this.fulfilled = met
    this.info = CT_RELATED
    this.table.entries[this.id * ENTRY_INTS + E_STATUS] |= IPS_EXPECTED
    this.table.masters.name(this.id, met.master)
    const { records } = this.table.extensions
    records[this.table.extensionOf(this.id) + X_MARK] = records[this.table.extensionOf(met.master) + X_MARK]
    if (met.helper !== null) this.setHelper(this.id, helperNumber(met.helper))
  }

  /** The expectation that the tuple in `key` meets. */
  #takeExpectation(fields: Int32Array, base: number): PendingExpectation | null {
    const { ports, swapped } = this.key
    const [source, destination] = swapped ? [ports & 0xffff, ports >>> 16] : [ports >>> 16, ports & 0xffff]
    return this.expectations.take(tupleOf(fields, base, this.zoneId, source, destination), this.nowNs)
  }

  setHelper(id: number, helper: number): void {
    const x = this.table.extend(id)
    this.table.extensions.records[x + X_HELPER] = helper + 1
  }

  /** The connection ends with this packet: it can no longer be found, but stays until the packet has been processed. */
  end(): void {
    this.table.unlink(this.id)
    this.#ended = this.id
  }

  /** Sets the entry's timeout, from now. */
  refresh(timeoutNs: number): void {
    this.table.times[(this.id * ENTRY_INTS + E_EXPIRY) >> 1] = this.nowNs + timeoutNs
  }

  /** Marks the entry as answered. Called after the protocol's tracker, which still sees the entry as it was. */
  noteReply(): void {
    if (this.info === CT_ESTABLISHED_REPLY) this.table.entries[this.id * ENTRY_INTS + E_STATUS] |= IPS_SEEN_REPLY
  }

  /** The packet is INVALID: it has no connection, and one that was made for it is freed. */
  detach(): void {
    this.refusedBy = this.id
    this.refusedByNumber = this.number
    this.drop()
    this.id = NO_ENTRY
    this.number = 0
    this.info = CT_INVALID
  }

  get isConfirmed(): boolean {
    return (this.table.entries[this.id * ENTRY_INTS + E_STATUS] & IPS_CONFIRMED) !== 0
  }

  /** The packet passed all hooks: a connection that it opened becomes findable. Returns whether it opened one. */
  confirm(): boolean {
    if (this.id === NO_ENTRY || this.isConfirmed) return false
    this.table.insert(this.id)
    this.table.entries[this.id * ENTRY_INTS + E_STATUS] |= IPS_CONFIRMED
    if (this.table.count > this.peakCount) this.peakCount = this.table.count
    return true
  }

  /** The packet was dropped: a connection that it would have opened is forgotten. */
  drop(): void {
    if (this.id !== NO_ENTRY && !this.isConfirmed) this.table.free(this.id)
  }
}
