import { IPS_ASSURED, IPS_CONFIRMED } from '../../conntrack/status.ts'
import type { ConnectionView, ConnectionWatcher } from '../connection-view.ts'
import { KeyTable } from '../evaluate/key-table.ts'
import type { RulePacket } from '../rule-packet.ts'
import { ConnectionTuples, hasTuple, zoneOf } from './connection-tuples.ts'
import { BLOCK_NODES, GroupLists, RESTLESS } from './group-lists.ts'

/** When more nodes than these have been thrown out, a search ends (Linux 6.18). */
const THROWN_OUT_MAX = 64
/** What becomes of the nodes that a search finds to be gone. */
const KEEP = 0
const THROW_OUT = 1
/** It depends on whether the packet was here. */
const DOUBT = 2

/**
 * Connections by group of addresses, as nf_conncount keeps them for one rule: every connection that came by before it was ASSURED,
 * until it is gone from the connection table or closed (Linux 6.18).
 *
 * A group may have a hundred thousand connections, and each packet that opens one has all of them looked through. Of those,
 * nothing is gone in blocks that are quiet: the connection table says when something happens to a connection.
 */
export class ConnectionCounts implements ConnectionWatcher {
  /** Connections of the group that was last counted: at least, and at most. The packet's own is in both. */
  low = 0
  high = 0
  readonly #addressAt: number
  readonly #mask: Int32Array
  readonly #groups: KeyTable
  /** By slot of the group. */
  readonly #lists: GroupLists
  /** By node. */
  readonly #tuples: ConnectionTuples
  #connections: ConnectionView | null = null
  /**
   * What the last search found: whether the packet is of an ASSURED connection, else the node of its own (-1: none); nodes that
   * are gone, and how many of these may never have been there.
   */
  #isOld = false
  #own = -1
  #gone = 0
  #vagueGone = 0
  /** The packet that came by last, its number, and its group. */
  #last: RulePacket | null = null
  #lastNumber = -1
  #lastSlot = -1

  /** @param addressAt P_SRC or P_DST; @param mask as many words as the family has; @param blockNodes see GroupLists */
  constructor(addressAt: number, mask: readonly number[], blockNodes = BLOCK_NODES) {
    this.#addressAt = addressAt
    this.#mask = Int32Array.from(mask)
    this.#groups = new KeyTable(mask.length)
    this.#lists = new GroupLists(blockNodes)
    this.#tuples = new ConnectionTuples(mask.length, this.#lists.capacity)
  }

  /**
   * Counts the packet's group into `low` and `high`, as if the packet certainly came by; changes nothing. As in the kernel,
   * what is gone or closed does not count, up to the packet's own connection: those behind still do. Of an ASSURED connection
   * all are looked through, and its own may be among the closed: 0 is possible, and drops the packet; so does a
   * header that tells of no connection.
   */
  count(packet: RulePacket): void {
    this.#listenTo(packet.connections)
    if (!hasTuple(packet)) {
      this.low = 0
      this.high = 0
      return
    }
    const slot = this.#readGroup(packet)
    if (slot < 0) {
      this.low = 1
      this.high = 1
      return
    }
    if (this.#comesAgain(packet, slot)) {
      this.high = this.#lists.size(slot) + 1
      this.low = this.high - this.#lists.vague(slot)
      return
    }
    this.#search(packet, slot, KEEP)
    const own = this.#own
    this.high = this.#lists.size(slot) - this.#gone
    this.low = this.#lists.size(slot) - this.#lists.vague(slot) - (this.#gone - this.#vagueGone)
    if (this.#isOld) return
    if (own < 0) this.high++
    if (own < 0 || this.#lists.perhaps(own) !== 0) this.low++
  }

  /** The packet, which was just counted, came by. @param perhaps or not */
  enter(packet: RulePacket, perhaps: boolean): void {
    if (!hasTuple(packet)) return
    let slot = this.#readGroup(packet)
    if (slot >= 0 && !this.#comesAgain(packet, slot)) {
      this.#remember(packet, slot)
      if (this.#gone > 0) this.#search(packet, slot, perhaps ? DOUBT : THROW_OUT)
      if (this.#isOld) return
      if (this.#own >= 0) {
        if (!perhaps) this.#lists.setPerhaps(this.#own, 0)
        return
      }
    }
    if (this.#lists.isFull) {
      this.#makeRoom(packet)
      slot = this.#readGroup(packet)
    }
    if (slot < 0) {
      slot = this.#groups.add()
      this.#lists.open(slot, this.#groups.capacity)
    }
    this.#remember(packet, slot)
    const node = this.#lists.append(slot, perhaps)
    this.#tuples.remember(node, packet)
    this.#disturb(node, packet.connection < 0 ? RESTLESS : quietUntilNs(packet.connections, packet.connection))
  }

  #remember(packet: RulePacket, slot: number): void {
    this.#last = packet
    this.#lastNumber = packet.number
    this.#lastSlot = slot
  }

  /**
   * The packet meets the same rule twice, between two ticks of the kernel's clock, so that the kernel does not look through its
   * group again. Unless its connection is confirmed, it gets one more node.
   */
  #comesAgain(packet: RulePacket, slot: number): boolean {
    if (this.#last !== packet || this.#lastNumber !== packet.number || this.#lastSlot !== slot) return false
    return (statusOfOwn(packet) & IPS_CONFIRMED) === 0
  }

  /** A packet of the connection was tracked. */
  moved(connection: number): void {
    if (this.#connections !== null) this.#rouse(connection, quietUntilNs(this.#connections, connection))
  }

  /** The connection is about to leave the connection table. */
  left(connection: number): void {
    this.#rouse(connection, RESTLESS)
    this.#tuples.leave(connection)
  }

  #listenTo(connections: ConnectionView): void {
    if (this.#connections === connections) return
    this.#connections = connections
    connections.addWatcher(this)
  }

  #rouse(connection: number, quietUntilNs: number): void {
    const tuples = this.#tuples
    for (let node = tuples.first(connection); node >= 0; node = tuples.next(node)) this.#disturb(node, quietUntilNs)
  }

  #disturb(node: number, quietUntilNs: number): void {
    const block = this.#lists.blockOf(node)
    if (quietUntilNs < this.#lists.quietUntilNs[block]) this.#lists.quietUntilNs[block] = quietUntilNs
  }

  /**
   * Looks through a group for the packet's own connection, and for what is gone or closed, which is thrown out. When that was
   * enough, the search ends: ahead of the next node, so that the connection itself may get a second one; where it is not
   * looked for, since it is ASSURED, behind the next that stays. (The kernel looks through a group once a tick of its clock.
   * A capture shows no ticks: one is taken to lie between packets.)
   */
  #search(packet: RulePacket, slot: number, fate: number): void {
    const lists = this.#lists
    this.#isOld = isAssured(packet)
    this.#own = -1
    this.#gone = 0
    this.#vagueGone = 0
    const mayPass = this.#isOld || this.#rouseOwn(packet)
    for (let block = lists.firstBlock(slot), before = -1; block >= 0; ) {
      const next = lists.nextBlock(block)
      if (mayPass && packet.nowNs < lists.quietUntilNs[block]) {
        if (this.#gone > THROWN_OUT_MAX) return
      } else if (!this.#searchBlock(packet, block, fate)) return
      if (lists.isEmpty(block)) lists.removeBlock(before, block)
      else before = block
      block = next
    }
  }

  /** The packet's own connection is met where it is, if it is there. False where that is not known. */
  #rouseOwn(packet: RulePacket): boolean {
    // A tuple says nothing of its zone.
    if (packet.connection < 0 && this.#tuples.hasZones) return false
    const own = ownOf(packet)
    if (own >= 0) this.#rouse(own, RESTLESS)
    return true
  }

  /** False where the search ends in the block. */
  #searchBlock(packet: RulePacket, block: number, fate: number): boolean {
    const lists = this.#lists
    const tuples = this.#tuples
    const { connections } = packet
    const isOld = this.#isOld
    let quiet = Number.POSITIVE_INFINITY
    for (let node = lists.firstNode(block), before = -1; node >= 0; ) {
      const next = lists.nextNode(node)
      const isEnough = this.#gone > THROWN_OUT_MAX
      if (!isOld && isEnough) return false
      const entry = tuples.entryOf(node, packet)
      if (!isOld && entry >= 0 && tuples.isOf(node, packet)) {
        this.#own = node
        return false
      }
      if (entry < 0 || connections.isClosed(entry)) {
        this.#gone++
        this.#vagueGone += lists.perhaps(node)
        if (fate === DOUBT) lists.setPerhaps(node, 1)
        if (fate === THROW_OUT) this.#throwOut(before, node)
        else {
          before = node
          quiet = RESTLESS
        }
      } else {
        before = node
        if (isEnough) return false
        quiet = Math.min(quiet, quietUntilNs(connections, entry))
      }
      node = next
    }
    lists.quietUntilNs[block] = quiet
    return true
  }

  #throwOut(before: number, node: number): void {
    this.#tuples.forget(node)
    this.#lists.remove(before, node)
  }

  /** Nodes come back of groups that only remember what the connection table has forgotten; else there will be more. */
  #makeRoom(packet: RulePacket): void {
    let freed = 0
    for (let slot = 0; slot < this.#groups.high; slot++) {
      if (!this.#groups.has(slot) || this.#lists.size(slot) > THROWN_OUT_MAX || !this.#areAllOver(packet, slot))
        continue
      freed += this.#lists.size(slot)
      this.#empty(slot)
      this.#groups.remove(slot)
    }
    if (2 * freed >= this.#lists.nodesUsed) return
    this.#lists.growNodes()
    this.#tuples.grow(this.#lists.capacity)
  }

  #areAllOver(packet: RulePacket, slot: number): boolean {
    const lists = this.#lists
    for (let block = lists.firstBlock(slot); block >= 0; block = lists.nextBlock(block)) {
      for (let node = lists.firstNode(block); node >= 0; node = lists.nextNode(node)) {
        if (this.#tuples.entryOf(node, packet) >= 0) return false
      }
    }
    return true
  }

  #empty(slot: number): void {
    const lists = this.#lists
    for (let block = lists.firstBlock(slot); block >= 0; block = lists.firstBlock(slot)) {
      for (let node = lists.firstNode(block); node >= 0; node = lists.firstNode(block)) this.#throwOut(-1, node)
      lists.removeBlock(-1, block)
    }
  }

  #readGroup(packet: RulePacket): number {
    const { fields, base } = packet
    const mask = this.#mask
    for (let i = 0; i < mask.length; i++) {
      this.#groups.key[i] = fields[base + this.#addressAt + i] & mask[i]
    }
    return this.#groups.find()
  }
}

/** The time before which a connection is not gone, unless something happens to it. */
function quietUntilNs(connections: ConnectionView, connection: number): number {
  return connections.isClosed(connection) ? RESTLESS : connections.remainingNs(connection, 0)
}

/**
 * Of an ASSURED connection the kernel takes for granted that its first packet was counted (seen: connections that came by only
 * later), also where an INVALID packet only looks like one of its own.
 */
function isAssured(packet: RulePacket): boolean {
  return (statusOfOwn(packet) & IPS_ASSURED) !== 0
}

/** The connection that the packet is of, or looks like, -1 for none. */
function ownOf(packet: RulePacket): number {
  const { connection, connections, fields, base } = packet
  return connection >= 0 ? connection : connections.find(fields, base, zoneOf(packet)) >> 1
}

/** Of that connection; 0 where there is none. */
function statusOfOwn(packet: RulePacket): number {
  const own = ownOf(packet)
  return own < 0 ? 0 : packet.connections.status(own)
}
