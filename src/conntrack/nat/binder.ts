import { IP_V4, IP_V6, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, PACKET_INTS } from '../../wire/packet-fields.ts'
import { PROTO_GRE, PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP, PROTO_UDPLITE } from '../../wire/protocols.ts'
import { ConnectionReader } from '../connection-reader.ts'
import { type CurrentConnection, NO_ENTRY } from '../current-connection.ts'
import { E_EXPIRY, E_KIND, E_STATUS, E_TCP_SIDE, E_TCP_STATE, ENTRY_INTS, TCP_END } from '../entry.ts'
import { TCP_SYN_SENT, TCP_TIME_WAIT } from '../protocols/tcp-states.ts'
import { stateOf } from '../protocols/tcp-word.ts'
import { after } from '../sequence.ts'
import { IPS_DST_NAT, IPS_DST_NAT_DONE, IPS_SRC_NAT, IPS_SRC_NAT_DONE } from '../status.ts'
import { ANY_DIRECTION } from '../table.ts'
import { hasPorts } from '../tuple.ts'
import { ChancePorts } from './chance-ports.ts'
import { chooseAddress } from './choose-address.ts'
import { EntryIndex } from './entry-index.ts'
import { ANY_RANGE, MANIP_SOURCE, type NatRange, PORT_ATTEMPTS } from './range.ts'
import { copyTuple, isBetween, isSameSourceAddress, isSameTuple } from './tuple-rows.ts'

/** The kernel then tries half as many from another port, and so on; below this number it gives up. */
const FEWEST_ATTEMPTS = 16
/** With so few attempts left, it begins to take the places of closed connections. */
const EVICTING_ATTEMPTS = 32
/** 2^32 divided by the golden ratio: spreads neighbouring addresses. */
const HASH_FACTOR = 0x9e3779b1
/** 2^16 divided by the golden ratio, odd: its multiples reach all ports, each far from the ones before. */
const PORT_STEP = 40_503
/** The ports that a source keeps to by its own port, each as the lowest one and how many. */
const PORTS_BELOW_512 = [1, 511] as const
const PORTS_BELOW_1024 = [600, 424] as const
const PORTS_FROM_1024 = [1024, 64_512] as const

/** Binds connections to translations while their first packet passes the hooks (nf_nat_setup_info). */
export class NatBinder {
  /** Translations for which the kernel takes a port at random. */
  portsChosen = 0
  readonly chancePorts: ChancePorts
  readonly #current: CurrentConnection
  readonly #connections: ConnectionReader
  /** The tuple being chosen: of the original direction, as the peer will see it. */
  readonly #tuple = new Int32Array(PACKET_INTS)
  readonly #inverse = new Int32Array(PACKET_INTS)
  /** The tuple before this translation. */
  readonly #before = new Int32Array(PACKET_INTS)
  /**
   * Bound connections by their original source: a source keeps its translation for all destinations as long as one of
   * its connections lives. Entries that have ended stay until they are used again.
   */
  readonly #sources = new EntryIndex()
  /** The range of the last search for a port: the lowest one, and how many. */
  #lowest = 0
  #places = 0
  /** The connection that has the tuple which `#isTaken` was asked about last. */
  #taker = NO_ENTRY

  constructor(current: CurrentConnection) {
    this.#current = current
    this.#connections = new ConnectionReader(current.table)
    this.chancePorts = new ChancePorts(current)
  }

  /** Whether the current packet's connection is bound for this part already, even if the binding changes nothing. */
  isBound(manip: number): boolean {
    const done = manip === MANIP_SOURCE ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE
    return (this.#status & done) !== 0
  }

  get #status(): number {
    return this.#current.table.entries[this.#current.id * ENTRY_INTS + E_STATUS]
  }

  /** Binds the current packet's connection, which must be new and not bound for this part. */
  bind(manip: number, range: NatRange): void {
    const { id, table } = this.#current
    const e = id * ENTRY_INTS
    if (!this.#current.isConfirmed && !this.#changesNothing(manip, range)) {
      const tuple = this.#tuple
      const before = this.#before
      this.#readTuple(id)
      copyTuple(tuple, before)
      const { portsChosen } = this
      this.#makeUnique(manip, range)
      if (!isSameTuple(before, tuple)) {
        this.#writeReplyKey(id)
        const isByChance = manip === MANIP_SOURCE && this.portsChosen !== portsChosen
        // If only the port changed, packets from the peer to the address may belong to other connections.
        if (isByChance && (range.random || !isSameSourceAddress(before, tuple))) {
          this.chancePorts.note(this.#lowest, this.#lowest + this.#places - 1)
        }
        table.entries[e + E_STATUS] |= manip === MANIP_SOURCE ? IPS_SRC_NAT : IPS_DST_NAT
      }
    }
    table.entries[e + E_STATUS] |= manip === MANIP_SOURCE ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE
    if (manip === MANIP_SOURCE) this.#sources.add(id, this.#hashOfSource(id))
  }

  /** Without a rule destinations stay as they are, except where an identifier or key stands in place of a port. */
  #changesNothing(manip: number, range: NatRange): boolean {
    if (manip === MANIP_SOURCE || range !== ANY_RANGE) return false
    const protocol = this.#connections.protocol(this.#current.id)
    return !isIcmp(protocol) && protocol !== PROTO_GRE
  }

  /**
   * Binds the current packet's connection, which is new, if no rule translates it and its answers cannot be taken for
   * those of another connection.
   */
  bindAsItIs(): void {
    const { id, table } = this.#current
    table.entries[id * ENTRY_INTS + E_STATUS] |= IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE
    this.#sources.add(id, this.#hashOfSource(id))
  }

  /**
   * Reads the inverse of the reply tuple: what the connection's own packets look like after the translations so far.
   */
  #readTuple(id: number): void {
    const tuple = this.#tuple
    const read = this.#connections
    const isV6 = read.isIpv6(id)
    const protocol = read.protocol(id)
    tuple[P_FAMILY] = isV6 ? IP_V6 : IP_V4
    tuple[P_PROTOCOL] = protocol
    for (let i = 0; i < (isV6 ? 4 : 1); i++) {
      tuple[P_SRC + i] = read.address(id, true, true, i)
      tuple[P_DST + i] = read.address(id, true, false, i)
    }
    tuple[P_PORTS] = isIcmp(protocol)
      ? (read.port(id, false, true) << 16) | read.port(id, true, false)
      : (read.port(id, true, true) << 16) | read.port(id, true, false)
  }

  #makeUnique(manip: number, range: NatRange): void {
    const tuple = this.#tuple
    if (manip === MANIP_SOURCE && !range.random) {
      if (this.#isInRange(manip, range)) {
        if (!this.#isTaken() || this.#isTakenByReverse()) return
      } else if (this.#keepsSource(range)) return
    }
    if (range.minAddress !== null) {
      const words = tuple[P_FAMILY] === IP_V6 ? 4 : 1
      const source = [...tuple.subarray(P_SRC, P_SRC + words)]
      const destination = [...tuple.subarray(P_DST, P_DST + words)]
      const chosen = chooseAddress(range, manip, source, destination, this.#current.zoneId)
      if (chosen !== null) tuple.set(chosen, manip === MANIP_SOURCE ? P_SRC : P_DST)
    }
    if (range.random) this.#findPort(manip, range)
    else if (range.minPort >= 0) {
      const isFixed = range.minPort === range.maxPort
      if (range.basePort < 0 && this.#isPortInRange(manip, range) && (isFixed || !this.#isTaken())) return
      this.#findPort(manip, range)
    } else if (this.#isTaken()) this.#findPort(manip, range)
  }

  /**
   * The kernel takes a UDP connection whose own packets look like the answers, neither of the two being translated, for
   * the same flow seen from both ends at once. It leaves the conflict to the confirmation (which refuses the packet
   * where zones for one direction kept the two apart).
   */
  #isTakenByReverse(): boolean {
    const { entries, foundDirection } = this.#current.table
    const protocol = this.#tuple[P_PROTOCOL]
    if (foundDirection !== 0 || (protocol !== PROTO_UDP && protocol !== PROTO_UDPLITE)) return false
    return ((this.#status | entries[this.#taker * ENTRY_INTS + E_STATUS]) & (IPS_SRC_NAT | IPS_DST_NAT)) === 0
  }

  /** Takes over the translation that the same source has in another connection, if it fits the range (oracle). */
  #keepsSource(range: NatRange): boolean {
    const { id, nowNs, table } = this.#current
    const { entries, times } = table
    const tuple = this.#tuple
    const before = this.#before
    const read = this.#connections
    const isV6 = read.isIpv6(id)
    for (let other = this.#sources.first(this.#hashOfSource(id)); other >= 0; other = this.#sources.after(other)) {
      const e = other * ENTRY_INTS
      if ((entries[e + E_STATUS] & IPS_SRC_NAT_DONE) === 0 || !this.#haveSameSource(id, other)) continue
      if (!table.isFindable(other) || times[(e + E_EXPIRY) >> 1] <= nowNs) continue
      for (let i = 0; i < (isV6 ? 4 : 1); i++) tuple[P_SRC + i] = read.address(other, true, true, i)
      this.#setPort(MANIP_SOURCE, read.port(other, true, !isIcmp(tuple[P_PROTOCOL])))
      if (this.#isInRange(MANIP_SOURCE, range)) {
        if (!this.#isTaken()) return true
        break
      }
    }
    copyTuple(before, tuple)
    return false
  }

  #haveSameSource(one: number, other: number): boolean {
    const { entries } = this.#current.table
    if (entries[one * ENTRY_INTS + E_KIND] !== entries[other * ENTRY_INTS + E_KIND]) return false
    const read = this.#connections
    for (let i = 0; i < (read.isIpv6(one) ? 4 : 1); i++) {
      if (read.address(one, false, false, i) !== read.address(other, false, false, i)) return false
    }
    return read.port(one, false, false) === read.port(other, false, false)
  }

  #hashOfSource(id: number): number {
    const read = this.#connections
    let hash = read.port(id, false, false) ^ (read.protocol(id) << 16)
    for (let i = 0; i < (read.isIpv6(id) ? 4 : 1); i++) {
      hash = Math.imul(hash ^ read.address(id, false, false, i), HASH_FACTOR)
      hash ^= hash >>> 15
    }
    return hash
  }

  #isInRange(manip: number, range: NatRange): boolean {
    const { minAddress: min, maxAddress: max } = range
    const at = manip === MANIP_SOURCE ? P_SRC : P_DST
    if (min !== null && max !== null && !isBetween(this.#tuple, at, min, max)) return false
    return range.minPort < 0 || this.#isPortInRange(manip, range)
  }

  #isPortInRange(manip: number, range: NatRange): boolean {
    const protocol = this.#tuple[P_PROTOCOL]
    if (!hasPortOrIdentifier(protocol) && protocol !== PROTO_GRE) return true
    const port = this.#port(manip)
    return port >= range.minPort && port <= range.maxPort
  }

  #port(manip: number): number {
    const ports = this.#tuple[P_PORTS]
    return manip === MANIP_SOURCE && !isIcmp(this.#tuple[P_PROTOCOL]) ? ports >>> 16 : ports & 0xffff
  }

  #setPort(manip: number, port: number): void {
    const ports = this.#tuple[P_PORTS]
    const isHigh = manip === MANIP_SOURCE && !isIcmp(this.#tuple[P_PROTOCOL])
    this.#tuple[P_PORTS] = isHigh ? (port << 16) | (ports & 0xffff) : (ports & ~0xffff) | port
  }

  /**
   * Looks for a free port, and leaves the last one tried where there is none. The kernel starts at a random port where
   * the rule asks for that; we start at another port each time, far from the ones before.
   */
  #findPort(manip: number, range: NatRange): void {
    const wanted = this.#port(manip)
    const places = this.#placesToLook(manip, range, wanted)
    if (places === null) return
    const [low, size] = places
    this.#lowest = low
    this.#places = size
    const isRandom = range.basePort < 0 && (range.random || manip === MANIP_SOURCE)
    if (isRandom && size > 1) this.portsChosen++
    let offset = isRandom ? (this.portsChosen * PORT_STEP) & 0xffff : 0
    // The kernel counts in 16 bits: a port below the base comes out somewhere in the range, too.
    if (range.basePort >= 0) offset = (wanted - range.basePort) & 0xffff
    for (let attempts = Math.min(size, PORT_ATTEMPTS); ; attempts >>= 1) {
      for (let left = attempts; left > 0; left--, offset = (offset + 1) & 0xffff) {
        this.#setPort(manip, low + (offset % size))
        if (!this.#isTakenFor(left)) return
      }
      if (attempts >= size || attempts < FEWEST_ATTEMPTS) return
    }
  }

  /** The lowest port that may be chosen, and how many; null where ports stay as they are. */
  #placesToLook(manip: number, range: NatRange, wanted: number): readonly [number, number] | null {
    const protocol = this.#tuple[P_PROTOCOL]
    if (!hasPortOrIdentifier(protocol) && (protocol !== PROTO_GRE || this.#current.fulfilled === null)) return null
    if (range.minPort >= 0) return [range.minPort, range.maxPort - range.minPort + 1]
    if (isIcmp(protocol)) return [0, 65_536]
    if (protocol === PROTO_GRE) return [1, 65_535]
    if (manip !== MANIP_SOURCE) return null
    // Privileged ports stay privileged: rsh and its kin trust them.
    if (wanted < 512) return PORTS_BELOW_512
    return wanted < 1024 ? PORTS_BELOW_1024 : PORTS_FROM_1024
  }

  /**
   * As `#isTaken`. But when few attempts are left, a new TCP connection replaces a closed one whose sequence numbers it
   * is beyond.
   */
  #isTakenFor(attemptsLeft: number): boolean {
    if (!this.#isTaken()) return false
    const { id, table } = this.#current
    const t = table.entries
    if (attemptsLeft > EVICTING_ATTEMPTS || this.#tuple[P_PROTOCOL] !== PROTO_TCP) return true
    if (stateOf(t[id * ENTRY_INTS + E_TCP_STATE]) !== TCP_SYN_SENT || table.foundDirection !== 1) return true
    const e = this.#taker * ENTRY_INTS
    const isClosed = stateOf(t[e + E_TCP_STATE]) >= TCP_TIME_WAIT
    if (!isClosed || (t[e + E_STATUS] & IPS_SRC_NAT) === 0) return true
    if (!after(t[id * ENTRY_INTS + E_TCP_SIDE + TCP_END], t[e + E_TCP_SIDE + TCP_END])) return true
    table.remove(this.#taker)
    return false
  }

  /** Whether the current packet's connection, new and about to be confirmed, would get the answers of another one. */
  isClash(): boolean {
    this.#readTuple(this.#current.id)
    return this.#isTaken()
  }

  /** Whether answers to the tuple would already belong to another connection. */
  #isTaken(): boolean {
    const { key, table, zoneOriginal, zoneReply } = this.#current
    this.#fillInverseKey(key)
    // The kernel compares the zones of that direction in which the other connection has the tuple.
    this.#taker = table.find(key, zoneOriginal === zoneReply ? ANY_DIRECTION : 1)
    return this.#taker >= 0
  }

  #writeReplyKey(id: number): void {
    const { key, table } = this.#current
    this.#fillInverseKey(key)
    table.setReplyKey(id, key)
  }

  #fillInverseKey(key: CurrentConnection['key']): void {
    const tuple = this.#tuple
    const inverse = this.#inverse
    const protocol = tuple[P_PROTOCOL]
    inverse[P_FAMILY] = tuple[P_FAMILY]
    inverse[P_PROTOCOL] = protocol
    for (let i = 0; i < 4; i++) {
      inverse[P_SRC + i] = tuple[P_DST + i]
      inverse[P_DST + i] = tuple[P_SRC + i]
    }
    const ports = tuple[P_PORTS]
    inverse[P_PORTS] = isIcmp(protocol) ? ports : (ports << 16) | (ports >>> 16)
    const zone = this.#current.zoneReply
    key.fill(inverse, 0, zone, inverse[P_PORTS] >>> 16, inverse[P_PORTS] & 0xffff)
    // The row of the reply has the ICMP type of the request.
    if (isIcmp(protocol)) key.turnIcmpRequestIntoReply()
  }
}

function isIcmp(protocol: number): boolean {
  return protocol === PROTO_ICMP || protocol === PROTO_ICMPV6
}

/** Ports, or an identifier in their place. */
function hasPortOrIdentifier(protocol: number): boolean {
  return hasPorts(protocol) || isIcmp(protocol)
}
