import { P_DST, P_IP_ID, P_SRC } from '../wire/packet-fields.ts'
import { FragmentQueue } from './fragment-queue.ts'
import type { FragmentStore } from './fragment-store.ts'
import type { SourceDistance } from './source-distance.ts'

/** Kernel memory that a queue takes without its fragments (Linux 6.18 on x86-64). */
const QUEUE_MEMORY = 200

/** The unfinished datagrams of one address family, with the kernel's limits on their age and memory. */
export class FragmentTable {
  readonly #store: FragmentStore
  readonly #addressWords: number
  readonly #timeoutNs: number
  readonly #memoryLimit: number
  readonly #byHash = new Map<number, FragmentQueue>()
  #spare: FragmentQueue | null = null
  #oldest: FragmentQueue | null = null
  #newest: FragmentQueue | null = null
  /** Kernel memory that all queued fragments would take. */
  memory = 0
  /** Unfinished datagrams. */
  size = 0
  readonly #sources: SourceDistance | null

  /**
   * @param addressWords 1 for IPv4, 4 for IPv6
   * @param memoryLimit bytes, the high_thresh sysctl
   * @param sources told of every queue that comes and goes, where sources are counted
   */
  constructor(
    store: FragmentStore,
    addressWords: number,
    timeoutSeconds: number,
    memoryLimit: number,
    sources: SourceDistance | null,
  ) {
    this.#sources = sources
    this.#store = store
    this.#addressWords = addressWords
    this.#timeoutNs = timeoutSeconds * 1e9
    this.#memoryLimit = memoryLimit
  }

  /** Gives up what is too old. */
  expire(nowNs: number): void {
    while (this.#oldest !== null && this.#oldest.deadlineNs <= nowNs) {
      const queue = this.#oldest
      this.kill(queue)
      queue.clear(this.#store)
    }
  }

  /**
   * The queue of the fragment's datagram, a new one when there is none. Null when the memory limit is exceeded; the
   * kernel then refuses fragments of known datagrams, too.
   */
  find(fields: Int32Array, base: number, scope: number, nowNs: number): FragmentQueue | null {
    if (this.memory > this.#memoryLimit || this.#memoryLimit === 0) return null
    const hash = this.#hash(fields, base, scope)
    const first = this.#byHash.get(hash) ?? null
    for (let queue = first; queue !== null; queue = queue.nextSameHash) {
      if (this.#isFor(queue, fields, base, scope)) return queue
    }
    const queue = this.#spare ?? new FragmentQueue()
    this.#spare = queue.nextSameHash
    for (let word = 0; word < this.#addressWords; word++) {
      queue.addresses[word] = fields[base + P_SRC + word]
      queue.addresses[4 + word] = fields[base + P_DST + word]
    }
    queue.id = fields[base + P_IP_ID]
    queue.scope = scope
    queue.hash = hash
    queue.nextSameHash = first
    this.#byHash.set(hash, queue)
    this.#append(queue, nowNs)
    this.charge(queue, QUEUE_MEMORY)
    this.size++
    this.#sources?.open(queue.addresses[0])
    return queue
  }

  charge(queue: FragmentQueue, memory: number): void {
    queue.memory += memory
    this.memory += memory
  }

  /** Throws the fragments away and lets the queue's time begin anew. */
  restart(queue: FragmentQueue, nowNs: number): void {
    this.memory -= queue.memory
    queue.clear(this.#store)
    this.charge(queue, QUEUE_MEMORY)
    this.#unlink(queue)
    this.#append(queue, nowNs)
  }

  /** Forgets the queue. Its fragments stay readable until it is cleared, which is up to the caller. */
  kill(queue: FragmentQueue): void {
    this.memory -= queue.memory
    queue.memory = 0
    this.size--
    this.#sources?.close(queue.addresses[0])
    this.#unlink(queue)
    this.#unhash(queue)
    queue.nextSameHash = this.#spare
    this.#spare = queue
  }

  #append(queue: FragmentQueue, nowNs: number): void {
    queue.deadlineNs = nowNs + this.#timeoutNs
    queue.older = this.#newest
    queue.newer = null
    if (this.#newest === null) this.#oldest = queue
    else this.#newest.newer = queue
    this.#newest = queue
  }

  #unlink(queue: FragmentQueue): void {
    if (queue.older === null) this.#oldest = queue.newer
    else queue.older.newer = queue.newer
    if (queue.newer === null) this.#newest = queue.older
    else queue.newer.older = queue.older
  }

  #unhash(queue: FragmentQueue): void {
    let before: FragmentQueue | null = null
    let other = this.#byHash.get(queue.hash) ?? null
    while (other !== null && other !== queue) {
      before = other
      other = other.nextSameHash
    }
    if (before !== null) before.nextSameHash = queue.nextSameHash
    else if (queue.nextSameHash !== null) this.#byHash.set(queue.hash, queue.nextSameHash)
    else this.#byHash.delete(queue.hash)
  }

  #hash(fields: Int32Array, base: number, scope: number): number {
    let hash = Math.imul(fields[base + P_IP_ID] ^ (scope << 16), 0x9e3779b1)
    for (let word = 0; word < this.#addressWords; word++) {
      hash = Math.imul((hash ^ (hash >>> 15)) + fields[base + P_SRC + word], 0x85ebca6b)
      hash = Math.imul((hash ^ (hash >>> 13)) + fields[base + P_DST + word], 0xc2b2ae35)
    }
    return hash ^ (hash >>> 16)
  }

  #isFor(queue: FragmentQueue, fields: Int32Array, base: number, scope: number): boolean {
    if (queue.id !== fields[base + P_IP_ID] || queue.scope !== scope) return false
    for (let word = 0; word < this.#addressWords; word++) {
      if (queue.addresses[word] !== fields[base + P_SRC + word]) return false
      if (queue.addresses[4 + word] !== fields[base + P_DST + word]) return false
    }
    return true
  }
}
