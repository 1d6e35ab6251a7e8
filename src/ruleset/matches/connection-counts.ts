import { IPS_ASSURED } from '../../conntrack/status.ts'
import { grown, KeyTable } from '../evaluate/key-table.ts'
import type { RulePacket } from '../rule-packet.ts'
import { ConnectionTuples } from './connection-tuples.ts'

const NODES_AT_START = 64
const NODE_INTS = 2
/** Node: the next node + 1, and 1 where it may be gone, or never have come here. Its tuple is ConnectionTuples'. */
const NEXT = 0
const PERHAPS = 1
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
 */
export class ConnectionCounts {
  /** Connections of the group that was last counted: at least, and at most. The packet's own is in both. */
  low = 0
  high = 0
  readonly #addressAt: number
  readonly #mask: Int32Array
  readonly #groups: KeyTable
  /** First node + 1 by slot of the group, and the last one. */
  #first: Int32Array<ArrayBuffer>
  #last: Int32Array<ArrayBuffer>
  /** By slot: nodes, and those that may not be there. */
  #sizes: Int32Array<ArrayBuffer>
  #vague: Int32Array<ArrayBuffer>
  #nodes = new Int32Array(NODES_AT_START * NODE_INTS)
  readonly #tuples: ConnectionTuples
  #nodesUsed = 0
  #free = 0
  /**
   * What the last search found: whether the packet is of an ASSURED connection, else the node of its own; nodes that are gone, and
   * how many of these may never have been there.
   */
  #isOld = false
  #own = 0
  #gone = 0
  #vagueGone = 0

  /** @param addressAt P_SRC or P_DST; @param mask as many words as the family has */
  constructor(addressAt: number, mask: readonly number[]) {
    this.#addressAt = addressAt
    this.#mask = Int32Array.from(mask)
    this.#groups = new KeyTable(mask.length)
    this.#tuples = new ConnectionTuples(mask.length, NODES_AT_START)
    this.#first = new Int32Array(this.#groups.capacity)
    this.#last = new Int32Array(this.#groups.capacity)
    this.#sizes = new Int32Array(this.#groups.capacity)
    this.#vague = new Int32Array(this.#groups.capacity)
  }

  /**
   * Counts the packet's group into `low` and `high`, as if the packet certainly came by; changes nothing. As in the kernel,
   * what is gone or closed does not count, up to the packet's own connection: those behind still do. Of an ASSURED connection
   * all are looked through, and its own may be among the closed: 0 is possible, and drops the packet.
   */
  count(packet: RulePacket): void {
    const slot = this.#readGroup(packet)
    if (slot < 0) {
      this.low = 1
      this.high = 1
      return
    }
    this.#search(packet, slot, KEEP)
    const own = this.#own
    this.high = this.#sizes[slot] - this.#gone
    this.low = this.#sizes[slot] - this.#vague[slot] - (this.#gone - this.#vagueGone)
    if (this.#isOld) return
    if (own === 0) this.high++
    if (own === 0 || this.#nodes[(own - 1) * NODE_INTS + PERHAPS] !== 0) this.low++
  }

  /** The packet, which was just counted, came by. @param perhaps or not */
  enter(packet: RulePacket, perhaps: boolean): void {
    let slot = this.#readGroup(packet)
    if (slot >= 0) {
      if (this.#gone > 0) this.#search(packet, slot, perhaps ? DOUBT : THROW_OUT)
      if (this.#isOld) return
      if (this.#own !== 0) {
        const n = (this.#own - 1) * NODE_INTS
        if (!perhaps && this.#nodes[n + PERHAPS] !== 0) this.#settle(slot, n, 0)
        return
      }
    }
    if (this.#free === 0 && (this.#nodesUsed + 1) * NODE_INTS > this.#nodes.length) {
      this.#makeRoom(packet)
      slot = this.#readGroup(packet)
    }
    if (slot < 0) slot = this.#openGroup()
    this.#append(slot, packet, perhaps)
  }

  /**
   * Looks through a group for the packet's own connection, and for what is gone or closed, which is thrown out. When that was
   * enough, the search ends: ahead of the next node, so that the connection itself may get a second one; where it is not
   * looked for, since it is ASSURED, behind the next that stays. (The kernel looks through a group once a tick of its clock.
   * A capture shows no ticks: one is taken to lie between packets.)
   */
  #search(packet: RulePacket, slot: number, fate: number): void {
    const isOld = isAssured(packet)
    this.#isOld = isOld
    this.#own = 0
    this.#gone = 0
    this.#vagueGone = 0
    for (let node = this.#first[slot], before = 0; node !== 0; ) {
      const n = (node - 1) * NODE_INTS
      const next = this.#nodes[n + NEXT]
      const isEnough = this.#gone > THROWN_OUT_MAX
      if (!isOld && isEnough) return
      const entry = this.#tuples.entryOf(node - 1, packet)
      if (!isOld && entry >= 0 && this.#tuples.isOf(node - 1, packet)) {
        this.#own = node
        return
      }
      if (entry < 0 || packet.connections.isClosed(entry)) {
        this.#gone++
        this.#vagueGone += this.#nodes[n + PERHAPS]
        if (fate === THROW_OUT) this.#unlink(slot, before, node)
        else before = node
        if (fate === DOUBT) this.#settle(slot, n, 1)
      } else {
        before = node
        if (isEnough) return
      }
      node = next
    }
  }

  /** @param perhaps 1 where the node may be gone, or never have been there */
  #settle(slot: number, n: number, perhaps: number): void {
    this.#vague[slot] += perhaps - this.#nodes[n + PERHAPS]
    this.#nodes[n + PERHAPS] = perhaps
  }

  #append(slot: number, packet: RulePacket, perhaps: boolean): void {
    const node = this.#allocate()
    const last = this.#last[slot]
    const n = (node - 1) * NODE_INTS
    this.#tuples.remember(node - 1, packet)
    this.#nodes[n + PERHAPS] = perhaps ? 1 : 0
    this.#nodes[n + NEXT] = 0
    if (last === 0) this.#first[slot] = node
    else this.#nodes[(last - 1) * NODE_INTS + NEXT] = node
    this.#last[slot] = node
    this.#sizes[slot]++
    if (perhaps) this.#vague[slot]++
  }

  #unlink(slot: number, before: number, node: number): void {
    const next = this.#nodes[(node - 1) * NODE_INTS + NEXT]
    if (before === 0) this.#first[slot] = next
    else this.#nodes[(before - 1) * NODE_INTS + NEXT] = next
    if (next === 0) this.#last[slot] = before
    this.#nodes[(node - 1) * NODE_INTS + NEXT] = this.#free
    this.#free = node
    this.#sizes[slot]--
    if (this.#nodes[(node - 1) * NODE_INTS + PERHAPS] !== 0) this.#vague[slot]--
  }

  #openGroup(): number {
    const slot = this.#groups.add()
    if (this.#first.length < this.#groups.capacity) {
      this.#first = grown(this.#first, this.#groups.capacity)
      this.#last = grown(this.#last, this.#groups.capacity)
      this.#sizes = grown(this.#sizes, this.#groups.capacity)
      this.#vague = grown(this.#vague, this.#groups.capacity)
    }
    this.#first[slot] = 0
    this.#last[slot] = 0
    this.#sizes[slot] = 0
    this.#vague[slot] = 0
    return slot
  }

  #allocate(): number {
    if (this.#free === 0) return ++this.#nodesUsed
    const node = this.#free
    this.#free = this.#nodes[(node - 1) * NODE_INTS + NEXT]
    return node
  }

  /** Nodes come back of groups that only remember what the connection table has forgotten; else there will be more. */
  #makeRoom(packet: RulePacket): void {
    let freed = 0
    for (let slot = 0; slot < this.#groups.high; slot++) {
      if (!this.#groups.has(slot) || this.#sizes[slot] > THROWN_OUT_MAX || !this.#areAllOver(packet, slot)) continue
      for (; this.#first[slot] !== 0; freed++) this.#unlink(slot, 0, this.#first[slot])
      this.#groups.remove(slot)
    }
    if (2 * freed >= this.#nodesUsed) return
    this.#nodes = grown(this.#nodes, 2 * this.#nodes.length)
    this.#tuples.grow(this.#nodes.length / NODE_INTS)
  }

  #areAllOver(packet: RulePacket, slot: number): boolean {
    for (let node = this.#first[slot]; node !== 0; node = this.#nodes[(node - 1) * NODE_INTS + NEXT]) {
      if (this.#tuples.entryOf(node - 1, packet) >= 0) return false
    }
    return true
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

/**
 * Of an ASSURED connection the kernel takes for granted that its first packet was counted (seen: connections that came by only
 * later), also where an INVALID packet only looks like one of its own.
 */
function isAssured({ connection, connections, fields, base }: RulePacket): boolean {
  const entry = connection >= 0 ? connection : connections.find(fields, base, 0) >> 1
  return entry >= 0 && (connections.status(entry) & IPS_ASSURED) !== 0
}
