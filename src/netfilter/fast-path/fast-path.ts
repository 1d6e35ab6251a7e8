import { ConnectionReader } from '../../conntrack/connection-reader.ts'
import { NO_ENTRY, NOT_LOOKED_UP } from '../../conntrack/current-connection.ts'
import { E_EXTENSION, E_STATUS, ENTRY_INTS, ENTRY_TWO_TUPLES } from '../../conntrack/entry.ts'
import { EXTENSION_INTS, X_HELPER } from '../../conntrack/extensions.ts'
import type { NatBinder } from '../../conntrack/nat/binder.ts'
import { REASON_NONE } from '../../conntrack/reasons.ts'
import {
  CT_ESTABLISHED,
  CT_ESTABLISHED_REPLY,
  CT_NEW,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
} from '../../conntrack/status.ts'
import type { Tracker } from '../../conntrack/tracker.ts'
import { commonFlagClasses, type FlagClasses, ONE_FLAG_CLASS } from '../../ruleset/evaluate/flag-classes.ts'
import { HITS_MAX, INTERFACE_NONE, RulePacket, VERDICT_UNKNOWN } from '../../ruleset/packet/rule-packet.ts'
import type { CompiledRuleset } from '../../ruleset/ruleset.ts'
import { NO_HASH } from '../../wire/flow-hash.ts'
import {
  IP_V6,
  P_DST,
  P_FAMILY,
  P_HASH,
  P_L3_LENGTH,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  PACKET_INTS,
} from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import type { AssumedConnections } from '../assumed-connections.ts'
import type { ChecksumPolicy } from '../checksum-policy.ts'
import type { HelperPorts } from '../helper-ports.ts'
import type { Outcome, PassedPackets } from '../outcome.ts'
import { PATH_INPUT, PATH_LOOPBACK, PATH_OUTPUT, pathOf } from '../routing.ts'
import type { Topology } from '../topology.ts'
import { FlowCache, NO_WAY } from './flow-cache.ts'
import { NOT_TRACKED, TrackAhead } from './track-ahead.ts'
import { isDropped, isRepeatable, Way } from './way.ts'
import { WayMemory } from './way-memory.ts'

/** Packets whose connections are looked up together. */
export const APPROACHED = 32

/**
 * What packets on a way have in common besides their classes, as bits of one number: CT_ code, whether the packet opens
 * a connection, …
 */
const OPENS = 0x10
const PATH_SHIFT = 5
const RESTS = 0x80
const FLAGS_SHIFT = 8
const PROTOCOL_SHIFT = 16

/**
 * Marks the keys of packets before the tracker; what is remembered for them is that the raw table does nothing to them.
 */
const RAW = 0x40000000
const PASSES_RAW = 1

const NAT_DONE = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE

interface FastPathOptions {
  readonly topology: Topology
  readonly tracker: Tracker
  readonly checksums: ChecksumPolicy
  /** Whether the tracker looks at checksums at all. */
  readonly verifiesChecksums: boolean
  readonly helperPorts: HelperPorts
  readonly ruleset4: CompiledRuleset | null
  readonly ruleset6: CompiledRuleset | null
  readonly assumedConnections: AssumedConnections
  /** Null where no nat table is loaded. */
  readonly binder: NatBinder | null
}

/**
 * The short way of plain TCP and UDP packets whose way through the rules is known from an earlier packet: of the same
 * connection (FlowCache), or one that the rules cannot tell apart from it (WayMemory). The tracker judges them like any
 * other; only if it has something to report do they pass the hooks. It changes no result.
 */
export class FastPath {
  readonly ahead: TrackAhead
  readonly #flows = new FlowCache()
  readonly #flagClasses: FlagClasses
  /** Filled anew for each way that is stored. */
  readonly #way = new Way()
  /** What `approach` found for each packet, and the base of the first packet's row. */
  readonly #references = new Int32Array(APPROACHED)
  #approached = 0
  readonly #tracker: Tracker
  readonly #helperPorts: HelperPorts
  readonly #ruleset4: CompiledRuleset | null
  readonly #ruleset6: CompiledRuleset | null
  readonly #topology: Topology
  readonly #assumedConnections: AssumedConnections
  readonly #binder: NatBinder | null
  /** The packet that WayMemory is asked about, as rules would see it. */
  readonly #asked: RulePacket
  /** By family; null where the first packets of every connection must pass the hooks. */
  readonly #memory4: WayMemory | null
  readonly #memory6: WayMemory | null
  /** Where the way of the current packet will be stored; null where it is known already or cannot be. */
  #memory: WayMemory | null = null
  /** With `#memory`: what is not known yet is whether the raw table does anything to the packet. */
  #missesRaw = false

  constructor(options: FastPathOptions) {
    this.#tracker = options.tracker
    this.ahead = new TrackAhead(options.tracker, options.checksums, options.verifiesChecksums)
    this.#helperPorts = options.helperPorts
    this.#ruleset4 = options.ruleset4
    this.#ruleset6 = options.ruleset6
    this.#topology = options.topology
    this.#assumedConnections = options.assumedConnections
    this.#binder = options.binder
    this.#asked = new RulePacket(new ConnectionReader(options.tracker.current.table))
    this.#memory4 = WayMemory.for(options.ruleset4)
    this.#memory6 = WayMemory.for(options.ruleset6)
    this.#flagClasses = commonFlagClasses(flagClassesOf(options.ruleset4), flagClassesOf(options.ruleset6))
  }

  /**
   * Must be called before any of these packets is taken: looks up the connections of packets [from, to) of a batch, and
   * loads them into the processor's cache.
   * @param to at most APPROACHED more than `from`
   */
  approach(rows: Int32Array, from: number, to: number): void {
    const references = this.#references
    let count = 0
    for (let base = from * PACKET_INTS; base < to * PACKET_INTS; base += PACKET_INTS) {
      references[count++] = rows[base + P_HASH]
    }
    this.#approached = from * PACKET_INTS
    this.#tracker.current.table.approach(references, count)
  }

  /**
   * Processes a packet completely, if the short way is possible.
   * @param frame its number, @param wireLength of the frame in bytes
   * @returns the number of the way, for `describe`; NO_WAY where the packet must pass the hooks
   */
  take(bytes: Uint8Array, fields: Int32Array, base: number, frame: number, wireLength: number): number {
    const { current } = this.#tracker
    this.ahead.said = NOT_TRACKED
    this.#memory = null
    current.lookedUp = NOT_LOOKED_UP
    const hash = fields[base + P_HASH]
    if (hash === NO_HASH) return NO_WAY
    const { table } = current
    current.forgetEnded()
    const reference = this.#references[(base - this.#approached) / PACKET_INTS]
    let id = reference >> 1
    if (!table.holds(reference, fields, base)) {
      current.begin()
      id = current.findPlain(fields, base, hash)
    }
    current.zoneOriginal = 0
    current.zoneReply = 0
    current.lookedUp = id
    current.lookedUpDirection = table.foundDirection
    // It may be the answer that shows a port chosen at random (ChancePorts), and belong to that connection.
    if (id === NO_ENTRY && this.#binder !== null && this.#binder.chancePorts.answeredBy(fields, base) !== NO_ENTRY)
      return NO_WAY
    const way =
      id === NO_ENTRY
        ? NO_WAY
        : this.#flows.wayOf(table.entries, id, table.foundDirection, this.#flagClassOf(fields, base))
    return way === NO_WAY
      ? this.#takeAlike(bytes, fields, base, frame, wireLength)
      : this.#takeKnown(way, bytes, fields, base, frame, wireLength)
  }

  /** Takes the way of earlier packets of the connection in this direction. */
  #takeKnown(
    way: number,
    bytes: Uint8Array,
    fields: Int32Array,
    base: number,
    frame: number,
    wireLength: number,
  ): number {
    const { current } = this.#tracker
    const { arrives } = this.#flows.way(way)
    if (!this.ahead.trackOrdinary(bytes, fields, base, frame, arrives)) {
      current.helper = this.#helperPorts.helperFor(fields, base)
      current.timeoutPolicy = 0
      const isJudged = this.ahead.trackFully(bytes, fields, base, frame, arrives)
      if (!isJudged || !isEstablished(current.info)) return NO_WAY
    }
    this.#flows.take(way, fields[base + P_L3_LENGTH], wireLength)
    return way
  }

  /** Takes the way of an earlier packet that the rules cannot tell apart from this one, of any connection. */
  #takeAlike(bytes: Uint8Array, fields: Int32Array, base: number, frame: number, wireLength: number): number {
    const memory = fields[base + P_FAMILY] === IP_V6 ? this.#memory6 : this.#memory4
    if (memory === null) return NO_WAY
    const { current, onlooker } = this.#tracker
    const { mode, local, routes } = this.#topology
    const path = pathOf(fields, base, mode, local)
    current.helper = this.#helperPorts.helperFor(fields, base)
    if (path > PATH_OUTPUT || current.helper >= 0 || current.table.hasSplitZones) return NO_WAY
    current.timeoutPolicy = 0
    const family = fields[base + P_FAMILY]
    const asked = this.#asked
    asked.fields = fields
    asked.base = base
    asked.inInterface = path === PATH_OUTPUT ? INTERFACE_NONE : routes.incoming(family, fields, base + P_SRC)
    asked.outInterface = path === PATH_INPUT ? INTERFACE_NONE : routes.outgoing(family, fields, base + P_DST)
    memory.ask(asked)
    const headers =
      (path << PATH_SHIFT) |
      (this.#flagClassOf(fields, base) << FLAGS_SHIFT) |
      (fields[base + P_PROTOCOL] << PROTOCOL_SHIFT)
    this.#missesRaw = memory.asksRaw && memory.find(RAW | headers) === NO_WAY
    if (this.#missesRaw) {
      this.#memory = memory
      return NO_WAY
    }
    if (!this.ahead.track(bytes, fields, base, frame, path !== PATH_OUTPUT)) return NO_WAY
    const { info, id, table } = current
    const e = id * ENTRY_INTS
    const { entries } = table
    const isPlainEntry =
      (entries[e + E_STATUS] & (ENTRY_TWO_TUPLES | IPS_SRC_NAT | IPS_DST_NAT)) === 0 && entries[e + E_EXTENSION] === 0
    if (info !== CT_NEW && !isEstablished(info)) return NO_WAY
    if (!isPlainEntry || onlooker.announced.count > 0 || onlooker.watches(fields, base)) return NO_WAY
    const opens = (entries[e + E_STATUS] & IPS_CONFIRMED) === 0
    if (opens && table.hasTwoTuples && this.#binder?.isClash() === true) return NO_WAY
    const kind = headers | info | (opens ? OPENS : 0) | (this.#restsOn() === 0 ? 0 : RESTS)
    const way = memory.find(kind)
    if (way === NO_WAY) {
      this.#memory = memory
      return NO_WAY
    }
    this.#end(way, frame)
    if (info !== CT_NEW) this.#flows.assign(way, entries, id, current.direction)
    this.#flows.take(way, fields[base + P_L3_LENGTH], wireLength)
    return way
  }

  /** Confirms or drops the current packet's connection, as at the end of the hooks. */
  #end(way: number, frame: number): void {
    const { current } = this.#tracker
    const { verdict, isBound } = this.#flows.way(way)
    if (isDropped(verdict)) {
      current.drop()
      return
    }
    if (!current.confirm()) return
    if (isBound) this.#binder?.bindAsItIs()
    if (verdict === VERDICT_UNKNOWN) this.#assumedConnections.note(current.id, current.number, frame)
  }

  /** The frame that is assumed to have passed, so that the current packet's connection exists; 0 for none. */
  #restsOn(): number {
    const { id, number } = this.#tracker.current
    return this.#assumedConnections.isEmpty ? 0 : this.#assumedConnections.frameOf(id, number)
  }

  /** Fills in `outcome`, which is blank, for the packet that `take` has just processed. */
  describe(way: number, outcome: Outcome): void {
    const { current } = this.#tracker
    const taken = this.#flows.way(way)
    taken.tell(outcome)
    outcome.direction = current.direction
    outcome.assumesFrame = taken.rests ? this.#restsOn() : 0
    outcome.connectionNumber = current.number
  }

  /** Stores the way of a packet that has passed the hooks, if later packets like it may take the same way. */
  keep(packet: RulePacket, path: number, outcome: Outcome): void {
    const { current, finding, onlooker } = this.#tracker
    const { fields, base } = packet
    const memory = this.#memory
    this.#memory = null
    if (!isRepeatable(outcome, current.isConfirmed) || finding.reason !== REASON_NONE || path === PATH_LOOPBACK) return
    if (memory === null && !isEstablished(current.info)) return
    if (!packet.steady || packet.hitCount > HITS_MAX || packet.tracking !== 0) return
    if (fields[base + P_HASH] === NO_HASH) return
    if (onlooker.watches(fields, base)) return
    const { entries, extensions } = current.table
    const e = current.id * ENTRY_INTS
    const hasHelper = extensions.records[entries[e + E_EXTENSION] * EXTENSION_INTS + X_HELPER] !== 0
    const status = entries[e + E_STATUS]
    if (hasHelper || !this.#isAlike(status, memory)) return
    const ruleset = fields[base + P_FAMILY] === IP_V6 ? this.#ruleset6 : this.#ruleset4
    const way = this.#way
    way.fill(outcome, ruleset, path !== PATH_OUTPUT, (status & NAT_DONE) === NAT_DONE)
    const number = this.#flows.numberOf(way, packet, this.#flagClassOf(fields, base))
    if (isEstablished(current.info)) this.#flows.assign(number, entries, current.id, current.direction)
    if (memory !== null && number !== NO_WAY) memory.keep(this.#missesRaw ? PASSES_RAW : number)
  }

  /** See Way. */
  isBrief(way: number): boolean {
    return this.#flows.way(way).isBrief
  }

  #flagClassOf(fields: Int32Array, base: number): number {
    if (fields[base + P_PROTOCOL] !== PROTO_TCP) return 0
    return this.#flagClasses[(fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & 0xff]
  }

  /**
   * Whether packets of other connections may take the way: not of translated ones. (Two tuples by zones alone are no
   * translation.)
   */
  #isAlike(status: number, memory: WayMemory | null): boolean {
    const isTranslated = (status & (IPS_SRC_NAT | IPS_DST_NAT)) !== 0
    const hasTwoTuples = (status & ENTRY_TWO_TUPLES) !== 0
    return isTranslated ? memory === null && !this.#tracker.current.table.hasSplitZones : !hasTwoTuples
  }

  /**
   * Adds the packets that took the short way to the counters of the rules; must be called before counters are read.
   * Returns what these packets were.
   */
  settle(): PassedPackets[] {
    return this.#flows.settle()
  }
}

function isEstablished(info: number): boolean {
  return info === CT_ESTABLISHED || info === CT_ESTABLISHED_REPLY
}

function flagClassesOf(ruleset: CompiledRuleset | null): FlagClasses {
  return ruleset?.flagClasses ?? ONE_FLAG_CLASS
}
