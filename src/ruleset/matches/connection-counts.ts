import { IPS_ASSURED, IPS_CONFIRMED } from '../../conntrack/status.ts'
import { KeyTable } from '../evaluate/key-table.ts'
import type { ConnectionView, ConnectionWatcher } from '../packet/connection-view.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { ConnectionTuples, hasTuple, zoneOf } from './connection-tuples.ts'
import { BLOCK_NODES, GroupLists, RESTLESS } from './group-lists.ts'

/** Nodes removed in one search, after which it ends (Linux 6.18). */
const THROWN_OUT_MAX = 64
/** What a search does with nodes of connections that are gone. */
const KEEP = 0
const THROW_OUT = 1
/** Whether they are removed depends on whether the packet came by. */
const DOUBT = 2

/**
 * Connections by group of addresses, as nf_conncount keeps them for one rule: every connection that reached the rule
 * before it was ASSURED, until it has left the connection table or is closed (Linux 6.18).
 *
 * A group may have a hundred thousand connections, and every packet that opens one requires a search through all of
 * them. To make that fast, connections are kept in blocks: a block is skipped while it is quiet, that is, while the
 * connection table has reported nothing about its connections.
 */
export class ConnectionCounts implements ConnectionWatcher {
  /** Least and greatest possible number of connections in the group counted last, including the packet's own. */
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
   * Results of the last search: whether the packet belongs to an ASSURED connection, else the node of its own
   * connection (-1 for none); how many nodes are gone, and how many of these may never have existed.
   */
  #isOld = false
  #own = -1
  #gone = 0
  #vagueGone = 0
  /** The packet that was entered last, its number, and its group. */
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
   * Counts the packet's group into `low` and `high`, as if the packet certainly reached the rule; changes nothing. As
   * in the kernel, closed and vanished connections are not counted up to the packet's own connection; those after it
   * still are. For an ASSURED connection the whole group is searched, and its own node may be among the closed ones:
   * then 0 is possible, which drops the packet, as does a header without a tuple.
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
    } else this.#countIn(packet, slot)
    if (this.#lists.mayHoldOthers(slot)) this.high = Number.POSITIVE_INFINITY
  }

  #countIn(packet: RulePacket, slot: number): void {
    this.#search(packet, slot, KEEP)
    const own = this.#own
    this.high = this.#lists.size(slot) - this.#gone
    this.low = this.#lists.size(slot) - this.#lists.vague(slot) - (this.#gone - this.#vagueGone)
    if (this.#isOld) return
    if (own < 0) this.high++
    if (own < 0 || this.#lists.perhaps(own) !== 0) this.low++
  }

  /** Enters the packet that was just counted. @param perhaps it is not known whether the packet reached the rule */
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
   * The packet meets the same rule twice within one tick of the kernel's clock, so that the kernel does not search its
   * group again. Unless its connection is confirmed, it gets another node.
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
   * Searches a group for the packet's own connection, and removes nodes of connections that are gone or closed. When
   * enough were removed, the search ends: before the next node, so that the connection itself may get a second node;
   * for an ASSURED connection, which is not searched for, after the next node that stays. (The kernel searches a group
   * once per tick of its clock. A capture shows no ticks, so one is assumed between any two packets.)
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

  /**
   * Makes the block of the packet's own connection restless, so that the search finds it. False where it is not known
   * whether there is one.
   */
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

  /**
   * Frees nodes of groups whose connections have all left the connection table, and where most of a group are in doubt
   * and have left, these; if that is not enough, grows. (Whether the kernel has removed a connection in doubt that has
   * left depends on when packets came by, so that it may still count any number of them.)
   */
  #makeRoom(packet: RulePacket): void {
    const lists = this.#lists
    let freed = 0
    for (let slot = 0; slot < this.#groups.high; slot++) {
      if (!this.#groups.has(slot)) continue
      const size = lists.size(slot)
      const mayHoldOthers = lists.mayHoldOthers(slot)
      if (size <= THROWN_OUT_MAX && !mayHoldOthers) {
        if (this.#countOver(packet, slot, false) < size) continue
        freed += size
        this.#empty(slot)
        this.#groups.remove(slot)
      } else if (mayHoldOthers || 2 * this.#countOver(packet, slot, true) > size) {
        freed += this.#forgetDoubts(packet, slot)
        lists.noteOthers(slot)
      }
    }
    if (2 * freed >= lists.nodesUsed) return
    lists.growNodes()
    this.#tuples.grow(lists.capacity)
  }

  /** Nodes of a group whose connections have left the connection table. @param inDoubt those in doubt alone */
  #countOver(packet: RulePacket, slot: number, inDoubt: boolean): number {
    const lists = this.#lists
    let over = 0
    for (let block = lists.firstBlock(slot); block >= 0; block = lists.nextBlock(block)) {
      for (let node = lists.firstNode(block); node >= 0; node = lists.nextNode(node)) {
        if ((!inDoubt || lists.perhaps(node) !== 0) && this.#tuples.entryOf(node, packet) < 0) over++
      }
    }
    return over
  }

  /** Removes nodes in doubt whose connections have left. @returns how many */
  #forgetDoubts(packet: RulePacket, slot: number): number {
    const lists = this.#lists
    const before = lists.size(slot)
    for (let block = lists.firstBlock(slot), last = -1; block >= 0; ) {
      const next = lists.nextBlock(block)
      for (let node = lists.firstNode(block), kept = -1; node >= 0; ) {
        const after = lists.nextNode(node)
        if (lists.perhaps(node) !== 0 && this.#tuples.entryOf(node, packet) < 0) this.#throwOut(kept, node)
        else kept = node
        node = after
      }
      if (lists.isEmpty(block)) lists.removeBlock(last, block)
      else last = block
      block = next
    }
    return before - lists.size(slot)
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

/** The time until which a connection will not be gone, unless something is reported about it. */
function quietUntilNs(connections: ConnectionView, connection: number): number {
  return connections.isClosed(connection) ? RESTLESS : connections.remainingNs(connection, 0)
}

/**
 * The kernel assumes that the first packet of an ASSURED connection was counted (seen with connections that reached the
 * rule only later), even where an INVALID packet only looks like one of its own.
 */
function isAssured(packet: RulePacket): boolean {
  return (statusOfOwn(packet) & IPS_ASSURED) !== 0
}

/** The connection that the packet belongs to or looks like, -1 for none. */
function ownOf(packet: RulePacket): number {
  const { connection, connections, fields, base } = packet
  return connection >= 0 ? connection : connections.find(fields, base, zoneOf(packet)) >> 1
}

/** Status of that connection; 0 where there is none. */
function statusOfOwn(packet: RulePacket): number {
  const own = ownOf(packet)
  return own < 0 ? 0 : packet.connections.status(own)
}
