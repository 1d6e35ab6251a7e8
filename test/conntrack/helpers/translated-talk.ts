import { type TcpOptions, tcp } from '../../support/packets.ts'

type Data = string | Uint8Array

/** The four names of the two ends, ADDRESS:PORT each: its own, and the one that its peer knows. */
export interface Ends {
  readonly client: string
  readonly clientSeen: string
  readonly server: string
  readonly serverSeen: string
}

/**
 * A TCP connection through NAT, each packet as its sender sends it. What NAT rewrote arrives with another length, so each
 * end has its own idea of the other's sequence numbers.
 */
export class TranslatedTalk {
  readonly packets: Uint8Array[] = []
  readonly #ends: Ends
  #clientNext = 1000
  #serverNext = 9000
  /** Bytes that NAT added so far to what the client (the server) said. */
  #clientGrowth = 0
  #serverGrowth = 0

  constructor(ends: Ends, options: readonly (readonly number[])[] = []) {
    this.#ends = ends
    this.packets.push(
      this.#fromClient('S', { seq: this.#clientNext - 1, ack: 0, options }),
      this.#fromServer('SA', { seq: this.#serverNext - 1, options }),
      this.#fromClient('A'),
    )
  }

  /** @param arrives what the server gets of it */
  client(data: Data, arrives = data): this {
    this.packets.push(this.#fromClient('PA', { data }))
    this.#clientNext += data.length
    this.#clientGrowth += arrives.length - data.length
    return this
  }

  /** @param arrives what the client gets of it */
  server(data: Data, arrives = data): this {
    this.packets.push(this.#fromServer('PA', { data }))
    this.#serverNext += data.length
    this.#serverGrowth += arrives.length - data.length
    return this
  }

  /** A segment as `flags` say, its numbers off by so much. */
  odd(side: 'client' | 'server', flags: string, off: { seq?: number; ack?: number } = {}, more: TcpOptions = {}): this {
    const from = side === 'client' ? this.#fromClient.bind(this) : this.#fromServer.bind(this)
    const { seq, ack } = this.next(side)
    this.packets.push(from(flags, { seq: seq + (off.seq ?? 0), ack: ack + (off.ack ?? 0), ...more }))
    return this
  }

  /** What the side sends next: its own numbers, and the peer's as it knows them. */
  next(side: 'client' | 'server'): { seq: number; ack: number } {
    return side === 'client'
      ? { seq: this.#clientNext, ack: this.#serverNext + this.#serverGrowth }
      : { seq: this.#serverNext, ack: this.#clientNext + this.#clientGrowth }
  }

  /** Sends the packet that was sent so many before the last one once more. */
  again(before = 0): this {
    this.packets.push(this.packets[this.packets.length - 1 - before])
    return this
  }

  also(...packets: readonly Uint8Array[]): this {
    this.packets.push(...packets)
    return this
  }

  #fromClient(flags: string, options: TcpOptions = {}): Uint8Array {
    return tcp(`${this.#ends.client}>${this.#ends.serverSeen}`, flags, { ...this.next('client'), ...options })
  }

  #fromServer(flags: string, options: TcpOptions = {}): Uint8Array {
    return tcp(`${this.#ends.server}>${this.#ends.clientSeen}`, flags, { ...this.next('server'), ...options })
  }
}
