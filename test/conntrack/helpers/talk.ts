import { type TcpOptions, tcp } from '../../support/packets.ts'

type Data = string | Uint8Array

/** A TCP connection with its sequence numbers: what is said on it becomes packets. */
export class Talk {
  readonly packets: Uint8Array[] = []
  readonly #client: string
  readonly #server: string
  #clientNext: number
  #serverNext: number

  /** @param path `A:PORT>B:PORT` from the client to the server; the handshake is done */
  constructor(path: string, clientNext = 1000, serverNext = 9000) {
    ;[this.#client, this.#server] = path.split('>')
    this.#clientNext = clientNext >>> 0
    this.#serverNext = serverNext >>> 0
    const before = (n: number) => (n - 1) >>> 0
    this.packets.push(
      tcp(path, 'S', { seq: before(this.#clientNext) }),
      tcp(`${this.#server}>${this.#client}`, 'SA', { seq: before(this.#serverNext), ack: this.#clientNext }),
      this.#fromClient('A'),
    )
  }

  client(data: Data): this {
    this.packets.push(this.#fromClient('PA', data))
    this.#clientNext = (this.#clientNext + data.length) >>> 0
    return this
  }

  server(data: Data): this {
    this.packets.push(this.#fromServer('PA', data))
    this.#serverNext = (this.#serverNext + data.length) >>> 0
    return this
  }

  /** Sends what the client (the server) said last once more. */
  again(): this {
    this.packets.push(this.packets[this.packets.length - 1])
    return this
  }

  /** The client's (the server's) next bytes are lost for us: the capture does not have them. */
  missed(side: 'client' | 'server', bytes: number): this {
    if (side === 'client') this.#clientNext = (this.#clientNext + bytes) >>> 0
    else this.#serverNext = (this.#serverNext + bytes) >>> 0
    return this
  }

  also(...packets: readonly Uint8Array[]): this {
    this.packets.push(...packets)
    return this
  }

  close(): this {
    this.packets.push(this.#fromClient('R'))
    return this
  }

  #fromClient(flags: string, data: Data = ''): Uint8Array {
    return this.#segment(`${this.#client}>${this.#server}`, flags, this.#clientNext, this.#serverNext, data)
  }

  #fromServer(flags: string, data: Data = ''): Uint8Array {
    return this.#segment(`${this.#server}>${this.#client}`, flags, this.#serverNext, this.#clientNext, data)
  }

  #segment(path: string, flags: string, seq: number, ack: number, data: Data): Uint8Array {
    const options: TcpOptions = { seq, ack, data }
    return tcp(path, flags, options)
  }
}
