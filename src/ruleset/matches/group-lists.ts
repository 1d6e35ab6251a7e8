import { grown } from '../../wire/grown.ts'

const NODES_AT_START = 1024
const BLOCKS_AT_START = 64
export const BLOCK_NODES = 256

const NODE_INTS = 3
/** Node: the next one of its block + 1, its block, and 1 where it may be gone, or never have come here. */
const NEXT = 0
const BLOCK = 1
const PERHAPS = 2

const BLOCK_INTS = 5
/** Block: the next one of its group + 1, its group, its first and last node + 1, and how many it has. */
const NEXT_BLOCK = 0
const GROUP = 1
const FIRST = 2
const LAST = 3
const SIZE = 4

/** `quietUntilNs` of a block that is never skipped. */
export const RESTLESS = Number.NEGATIVE_INFINITY

/**
 * Lists of nodes, one for each group, in the order of arrival. They are split into blocks, so that a search can skip a
 * block in which nothing has happened: a block is quiet until some time, and an event about a node makes its block
 * restless. Groups are small integers; nodes and blocks are numbered from 0, -1 is none.
 */
export class GroupLists {
  /** By block: the time until which none of its nodes is gone. */
  quietUntilNs = new Float64Array(BLOCKS_AT_START)
  readonly #blockNodes: number
  #nodes = new Int32Array(NODES_AT_START * NODE_INTS)
  #nodesUsed = 0
  #freeNode = 0
  #blocks = new Int32Array(BLOCKS_AT_START * BLOCK_INTS)
  #blocksUsed = 0
  #freeBlock = 0
  /** By group: first and last block + 1, number of nodes, and how many of these may not exist. */
  #first = new Int32Array(0)
  #last = new Int32Array(0)
  #sizes = new Int32Array(0)
  #vague = new Int32Array(0)
  /** By group: 1 where it may have more nodes than are kept. */
  #others = new Uint8Array(0)

  /** @param blockNodes most nodes of a block */
  constructor(blockNodes: number) {
    this.#blockNodes = blockNodes
  }

  /** Nodes are below this. */
  get capacity(): number {
    return this.#nodes.length / NODE_INTS
  }

  get nodesUsed(): number {
    return this.#nodesUsed
  }

  get isFull(): boolean {
    return this.#freeNode === 0 && this.#nodesUsed === this.capacity
  }

  growNodes(): void {
    this.#nodes = grown(this.#nodes, new Int32Array(2 * this.#nodes.length))
  }

  /** An empty list for a group. @param groups all groups are below this */
  open(group: number, groups: number): void {
    if (this.#first.length < groups) {
      this.#first = grown(this.#first, new Int32Array(groups))
      this.#last = grown(this.#last, new Int32Array(groups))
      this.#sizes = grown(this.#sizes, new Int32Array(groups))
      this.#vague = grown(this.#vague, new Int32Array(groups))
      this.#others = grown(this.#others, new Uint8Array(groups))
    }
    this.#first[group] = 0
    this.#last[group] = 0
    this.#sizes[group] = 0
    this.#vague[group] = 0
    this.#others[group] = 0
  }

  size(group: number): number {
    return this.#sizes[group]
  }

  /** How many of the group's nodes may be gone or may never have existed. */
  vague(group: number): number {
    return this.#vague[group]
  }

  /** The group may have any number of nodes besides these. */
  mayHoldOthers(group: number): boolean {
    return this.#others[group] === 1
  }

  noteOthers(group: number): void {
    this.#others[group] = 1
  }

  firstBlock(group: number): number {
    return this.#first[group] - 1
  }

  nextBlock(block: number): number {
    return this.#blocks[block * BLOCK_INTS + NEXT_BLOCK] - 1
  }

  isEmpty(block: number): boolean {
    return this.#blocks[block * BLOCK_INTS + SIZE] === 0
  }

  groupOf(block: number): number {
    return this.#blocks[block * BLOCK_INTS + GROUP]
  }

  firstNode(block: number): number {
    return this.#blocks[block * BLOCK_INTS + FIRST] - 1
  }

  /** The next node of the same block. */
  nextNode(node: number): number {
    return this.#nodes[node * NODE_INTS + NEXT] - 1
  }

  blockOf(node: number): number {
    return this.#nodes[node * NODE_INTS + BLOCK]
  }

  /** 1 where the node may be gone or may never have existed. */
  perhaps(node: number): number {
    return this.#nodes[node * NODE_INTS + PERHAPS]
  }

  setPerhaps(node: number, perhaps: number): void {
    this.#vague[this.groupOf(this.blockOf(node))] += perhaps - this.perhaps(node)
    this.#nodes[node * NODE_INTS + PERHAPS] = perhaps
  }

  /** A new node at the end of the group's list; there must be room (`isFull`). */
  append(group: number, perhaps: boolean): number {
    let block = this.#last[group] - 1
    if (block < 0 || this.#blocks[block * BLOCK_INTS + SIZE] === this.#blockNodes) block = this.#appendBlock(group)
    const node = this.#allocateNode()
    const n = node * NODE_INTS
    const b = block * BLOCK_INTS
    this.#nodes[n + NEXT] = 0
    this.#nodes[n + BLOCK] = block
    this.#nodes[n + PERHAPS] = perhaps ? 1 : 0
    if (this.#blocks[b + FIRST] === 0) this.#blocks[b + FIRST] = node + 1
    else this.#nodes[(this.#blocks[b + LAST] - 1) * NODE_INTS + NEXT] = node + 1
    this.#blocks[b + LAST] = node + 1
    this.#blocks[b + SIZE]++
    this.#sizes[group]++
    if (perhaps) this.#vague[group]++
    return node
  }

  /** Removes a node. @param before the previous node in its block */
  remove(before: number, node: number): void {
    const n = node * NODE_INTS
    const b = this.#nodes[n + BLOCK] * BLOCK_INTS
    const next = this.#nodes[n + NEXT]
    if (before < 0) this.#blocks[b + FIRST] = next
    else this.#nodes[before * NODE_INTS + NEXT] = next
    if (next === 0) this.#blocks[b + LAST] = before + 1
    this.#blocks[b + SIZE]--
    const group = this.#blocks[b + GROUP]
    this.#sizes[group]--
    this.#vague[group] -= this.#nodes[n + PERHAPS]
    this.#nodes[n + NEXT] = this.#freeNode
    this.#freeNode = node + 1
  }

  /** Removes an empty block. @param before the previous block in its group */
  removeBlock(before: number, block: number): void {
    const b = block * BLOCK_INTS
    const group = this.#blocks[b + GROUP]
    const next = this.#blocks[b + NEXT_BLOCK]
    if (before < 0) this.#first[group] = next
    else this.#blocks[before * BLOCK_INTS + NEXT_BLOCK] = next
    if (next === 0) this.#last[group] = before + 1
    this.#blocks[b + NEXT_BLOCK] = this.#freeBlock
    this.#freeBlock = block + 1
  }

  #allocateNode(): number {
    if (this.#freeNode === 0) return this.#nodesUsed++
    const node = this.#freeNode - 1
    this.#freeNode = this.#nodes[node * NODE_INTS + NEXT]
    return node
  }

  #appendBlock(group: number): number {
    const block = this.#allocateBlock()
    const b = block * BLOCK_INTS
    this.#blocks.fill(0, b, b + BLOCK_INTS)
    this.#blocks[b + GROUP] = group
    this.quietUntilNs[block] = Number.POSITIVE_INFINITY
    const last = this.#last[group]
    if (last === 0) this.#first[group] = block + 1
    else this.#blocks[(last - 1) * BLOCK_INTS + NEXT_BLOCK] = block + 1
    this.#last[group] = block + 1
    return block
  }

  #allocateBlock(): number {
    if (this.#freeBlock !== 0) {
      const block = this.#freeBlock - 1
      this.#freeBlock = this.#blocks[block * BLOCK_INTS + NEXT_BLOCK]
      return block
    }
    if (this.#blocksUsed === this.quietUntilNs.length) {
      this.#blocks = grown(this.#blocks, new Int32Array(2 * this.#blocks.length))
      this.quietUntilNs = grown(this.quietUntilNs, new Float64Array(2 * this.quietUntilNs.length))
    }
    return this.#blocksUsed++
  }
}
