interface Source {
  fragments: number
  queues: number
}

/**
 * How many IPv4 fragments each source has sent while it had unfinished datagrams. When more than `ipfrag_max_dist` of
 * them lie between two fragments of one datagram, the identification has probably come round, and Linux begins the
 * datagram anew.
 */
export class SourceDistance {
  readonly #sources = new Map<number, Source>()
  readonly #limit: number

  /** @param limit net.ipv4.ipfrag_max_dist; 0 for none */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts one fragment; returns the new count. */
  count(address: number): number {
    const source = this.#sources.get(address)
    return source === undefined ? 0 : ++source.fragments
  }

  isTooFar(before: number, now: number): boolean {
    return this.#limit > 0 && now - before > this.#limit
  }

  /** The source has one more unfinished datagram. */
  open(address: number): void {
    const source = this.#sources.get(address)
    if (source === undefined) this.#sources.set(address, { fragments: 0, queues: 1 })
    else source.queues++
  }

  /** The source has one unfinished datagram less. */
  close(address: number): void {
    const source = this.#sources.get(address)
    if (source !== undefined && --source.queues === 0) this.#sources.delete(address)
  }
}
