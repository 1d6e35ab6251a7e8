import { closeSync, openSync, writeSync } from 'node:fs'

export const TCP = 6
export const UDP = 17
/** ICMP for IPv4 packets, ICMPv6 for IPv6. */
export const ECHO = 1

const SYN = 0x02
/** Bytes of the options that a SYN carries. */
const SYN_OPTIONS = 20
const BUFFER = 1 << 20
const FRAME_MAX = 2048
const RECORD = 16
const ETHERNET = 14
const MTU_PAYLOAD = 1480
/** 2023-11-14 22:13:20 UTC */
const START_SECONDS = 1_700_000_000
const MICROSECONDS_BETWEEN = 20
const CLIENTS_V4 = 0x0a00_0000
const SERVERS_V4 = 0xc612_0000

/** One packet to be written; filled in anew for each. */
export class PacketPlan {
  v6 = false
  protocol = TCP
  /** Numbers of hosts. */
  client = 0
  server = 0
  clientPort = 0
  serverPort = 0
  /** From the server to the client. */
  reply = false
  flags = SYN
  seq = 0
  ack = 0
  payload = 0
}

/** Writes Ethernet packets with right checksums into a pcap file, 20 microseconds apart. */
export class PacketWriter {
  packets = 0
  /** Bytes written so far, but for what waits in the buffer. */
  written = 0
  readonly #file: number
  readonly #bytes = new Uint8Array(BUFFER)
  readonly #view = new DataView(this.#bytes.buffer)
  #at = 0
  #identification = 0

  constructor(path: string) {
    this.#file = openSync(path, 'w')
    const header = [0xa1b2c3d4, 0x0002_0004, 0, 0, 262_144, 1]
    for (const word of header) {
      this.#view.setUint32(this.#at, word, true)
      this.#at += 4
    }
    this.#view.setUint16(4, 2, true)
    this.#view.setUint16(6, 4, true)
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }

  #flush(): void {
    // A pipe may take less than it is given.
    for (let done = 0; done < this.#at; ) done += writeSync(this.#file, this.#bytes, done, this.#at - done)
    this.written += this.#at
    this.#at = 0
  }

  /** A datagram with more than fits into one packet goes out in fragments. */
  write(plan: PacketPlan): void {
    const segment = this.#segmentLength(plan)
    if (segment <= MTU_PAYLOAD) {
      const start = this.#begin(plan.v6 ? 40 : 20, segment, plan)
      this.#segment(start + this.#network(start, plan, segment, 0, false), plan, segment)
      return
    }
    this.#identification = (this.#identification + 1) & 0xffff
    const whole = new Uint8Array(segment)
    const header = plan.v6 ? 40 : 20
    // Made where the whole datagram would be written, because its checksum covers all of it, then cut.
    const scratch = this.#room(header + segment)
    this.#network(scratch, plan, segment, 0, false)
    this.#segment(scratch + header, plan, segment)
    whole.set(this.#bytes.subarray(scratch + header, scratch + header + segment))
    const step = 1448
    for (let offset = 0; offset < segment; offset += step) {
      const piece = Math.min(step, segment - offset)
      const start = this.#begin(header + (plan.v6 ? 8 : 0), piece, plan)
      const length = this.#network(start, plan, piece, offset, offset + piece < segment, true)
      this.#bytes.set(whole.subarray(offset, offset + piece), start + length)
    }
  }

  #segmentLength({ protocol, flags, payload }: PacketPlan): number {
    return (protocol === TCP ? 20 + (flags & SYN ? SYN_OPTIONS : 0) : 8) + payload
  }

  #room(length: number): number {
    if (this.#at + RECORD + ETHERNET + length + FRAME_MAX > BUFFER) this.#flush()
    return this.#at + RECORD + ETHERNET
  }

  /** Record and Ethernet headers; where the IP header begins. */
  #begin(header: number, payload: number, { v6 }: PacketPlan): number {
    const view = this.#view
    const start = this.#room(header + payload)
    const at = this.#at
    const time = this.packets * MICROSECONDS_BETWEEN
    const length = ETHERNET + header + payload
    view.setUint32(at, START_SECONDS + Math.floor(time / 1e6), true)
    view.setUint32(at + 4, time % 1e6, true)
    view.setUint32(at + 8, length, true)
    view.setUint32(at + 12, length, true)
    view.setUint32(at + 16, 0x02000000)
    view.setUint32(at + 20, 0x00020200)
    view.setUint32(at + 24, 0x00000001)
    view.setUint16(at + 28, v6 ? 0x86dd : 0x0800)
    this.#at = start + header + payload
    this.packets++
    return start
  }

  /** The IP header, with its fragment header; its length. */
  #network(
    at: number,
    { v6, protocol, client, server, reply }: PacketPlan,
    payload: number,
    offset: number,
    more: boolean,
    isFragment = false,
  ): number {
    const view = this.#view
    const [source, destination] = reply ? [server, client] : [client, server]
    if (!v6) {
      view.setUint16(at, 0x4500)
      view.setUint16(at + 2, 20 + payload)
      view.setUint16(at + 4, this.#identification)
      view.setUint16(at + 6, isFragment ? (offset >> 3) | (more ? 0x2000 : 0) : 0x4000)
      view.setUint16(at + 8, 0x4000 | protocol)
      view.setUint16(at + 10, 0)
      view.setUint32(at + 12, (reply ? SERVERS_V4 : CLIENTS_V4) + source)
      view.setUint32(at + 16, (reply ? CLIENTS_V4 : SERVERS_V4) + destination)
      view.setUint16(at + 10, fold(this.#sum(at, 20)))
      return 20
    }
    const number = protocol === ECHO ? 58 : protocol
    view.setUint32(at, 0x6000_0000)
    view.setUint16(at + 4, payload + (isFragment ? 8 : 0))
    view.setUint16(at + 6, ((isFragment ? 44 : number) << 8) | 64)
    this.#address(at + 8, reply ? 2 : 1, source)
    this.#address(at + 24, reply ? 1 : 2, destination)
    if (!isFragment) return 40
    view.setUint16(at + 40, number << 8)
    view.setUint16(at + 42, offset | (more ? 1 : 0))
    view.setUint32(at + 44, this.#identification)
    return 48
  }

  /** 2001:db8:NETWORK::HOST */
  #address(at: number, network: number, host: number): void {
    this.#view.setUint32(at, 0x2001_0db8)
    this.#view.setUint32(at + 4, network << 16)
    this.#view.setUint32(at + 8, 0)
    this.#view.setUint32(at + 12, host + 1)
  }

  #segment(at: number, plan: PacketPlan, length: number): void {
    const view = this.#view
    const { v6, protocol, flags, reply, clientPort, serverPort, payload } = plan
    this.#bytes.fill(0x78, at + length - payload, at + length)
    let sumAt = at + 2
    if (protocol === ECHO) {
      view.setUint16(at, v6 ? (reply ? 129 : 128) << 8 : reply ? 0 : 8 << 8)
      view.setUint16(at + 4, clientPort)
      view.setUint16(at + 6, plan.seq)
    } else {
      view.setUint16(at, reply ? serverPort : clientPort)
      view.setUint16(at + 2, reply ? clientPort : serverPort)
      if (protocol === UDP) {
        view.setUint16(at + 4, length)
        sumAt = at + 6
      } else {
        view.setUint32(at + 4, plan.seq)
        view.setUint32(at + 8, plan.ack)
        view.setUint16(at + 12, ((length - payload) << 10) | flags)
        view.setUint16(at + 14, 65_535)
        view.setUint16(at + 18, 0)
        if (flags & SYN) {
          // MSS 1460, SACK permitted, timestamp, no operation, window scale 7
          view.setUint32(at + 20, 0x0204_05b4)
          view.setUint32(at + 24, 0x0402_080a)
          view.setUint32(at + 28, this.packets)
          view.setUint32(at + 32, 0)
          view.setUint32(at + 36, 0x0103_0307)
        }
        sumAt = at + 16
      }
    }
    view.setUint16(sumAt, 0)
    const addresses = v6 ? 32 : 8
    const hasPseudoHeader = v6 || protocol !== ECHO
    const pseudo = hasPseudoHeader
      ? this.#sum(at - addresses, addresses) + length + (v6 && protocol === ECHO ? 58 : protocol)
      : 0
    const sum = fold(pseudo + this.#sum(at, length))
    view.setUint16(sumAt, sum === 0 && protocol === UDP ? 0xffff : sum)
  }

  #sum(at: number, length: number): number {
    const view = this.#view
    let sum = 0
    for (let index = at; index + 1 < at + length; index += 2) sum += view.getUint16(index)
    return length & 1 ? sum + (this.#bytes[at + length - 1] << 8) : sum
  }
}

function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}
