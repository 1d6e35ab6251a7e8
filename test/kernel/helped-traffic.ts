import { type Random, randomFrom } from '../conntrack/helpers/mutation.ts'
import { type Ends, TranslatedTalk } from '../conntrack/helpers/translated-talk.ts'
import { sack, sackPermitted, tcp, udp } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'

/** How addresses and ports are written in what is said, and how they are known behind NAT. */
export interface TranslatedNames {
  /** The one who is behind NAT: its own address, and the one that others know. */
  readonly own: string
  readonly seen: string
  readonly peer: string
  /** The one behind NAT opens the connections. */
  readonly isClient: boolean
}

/**
 * Sessions of FTP, IRC and SIP over TCP through NAT that announce connections, whose rewriting changes lengths; among them
 * segments with numbers that are a little off, repetitions, SACK, TFTP, and the connections announced. No port is announced
 * twice, so that none is chosen at random. The same seed gives the same packets.
 */
export function helpedTraffic(seed: number, names: TranslatedNames, steps: number): CaptureFrame[] {
  const random = randomFrom(seed)
  const sessions = [0, 1, 2, 3, 4, 5].map((number) => new Session(random, names, number))
  const frames: CaptureFrame[] = []
  for (let step = 0; step < steps; step++) {
    const session = sessions[random(sessions.length)]
    session.step()
    for (const bytes of session.taken()) frames.push({ bytes, time: frames.length / 1000 })
  }
  return frames
}

const PROTOCOLS = ['ftp', 'ftp', 'irc', 'sip', 'ftp', 'tftp'] as const
const SERVICES = { ftp: 21, irc: 6667, sip: 5060, tftp: 69 } as const
const OFF = [0, 0, 0, 1, -1, 2, 3, 4, 5, 6, 8, -4, -5, -8, -20, 20, 30, -40, 500, -3000, 70_000, -70_000]

const end = (address: string, port: number) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`)

class Session {
  readonly #random: Random
  readonly #names: TranslatedNames
  readonly #protocol: (typeof PROTOCOLS)[number]
  readonly #port: number
  readonly #ends: Ends
  readonly #packets: Uint8Array[] = []
  #talk: TranslatedTalk | null = null
  #told = 0
  #nextPort: number

  constructor(random: Random, names: TranslatedNames, number: number) {
    this.#random = random
    this.#names = names
    this.#protocol = PROTOCOLS[number]
    this.#port = 1000 + number
    this.#nextPort = 2000 + 1000 * number
    const { own, seen, peer, isClient } = names
    const service = SERVICES[this.#protocol]
    this.#ends = isClient
      ? {
          client: end(own, this.#port),
          clientSeen: end(seen, this.#port),
          server: end(peer, service),
          serverSeen: end(peer, service),
        }
      : {
          client: end(peer, this.#port),
          clientSeen: end(peer, this.#port),
          server: end(own, service),
          serverSeen: end(seen, service),
        }
  }

  /** Packets since they were asked for last. */
  taken(): Uint8Array[] {
    const { packets } = this.#talk ?? { packets: [] }
    const taken = [...packets.slice(this.#told), ...this.#packets.splice(0)]
    this.#told = packets.length
    return taken
  }

  step(): void {
    if (this.#protocol === 'tftp') this.#askForFile()
    else if (this.#talk === null) this.#open()
    else this.#say(this.#talk)
  }

  #open(): void {
    this.#talk = new TranslatedTalk(this.#ends, [sackPermitted()]).server('220 ready\r\n').client('USER me\r\n')
    this.#talk.server('230 welcome\r\n')
  }

  #say(talk: TranslatedTalk): void {
    const random = this.#random
    const side = random(2) === 0 ? 'client' : 'server'
    const kind = random(100)
    if (kind < 30) this.#announce(talk)
    else if (kind < 45) talk.client('NOOP\r\n')
    else if (kind < 60) talk.server('200 ok\r\n')
    else if (kind < 75) talk.odd(side, 'A', { ack: OFF[random(OFF.length)], seq: OFF[random(4)] })
    else if (kind < 84) talk.again(random(6))
    else if (kind < 92) {
      const { ack } = talk.next(side)
      const left = ack - 10 + random(20)
      talk.odd(side, 'A', { ack: -random(20) }, { options: [sack(left, left + 1 + random(12))] })
    } else if (kind < 98) talk.odd(side, 'PA', { seq: OFF[random(OFF.length)] }, { data: '200 a line\r\n' })
    else if (kind < 99) talk.odd(side, 'R', { seq: OFF[random(OFF.length)] })
    else {
      this.#talk = null
      this.#told = 0
    }
  }

  #announce(talk: TranslatedTalk): void {
    const { isClient, own, seen } = this.#names
    const port = this.#nextPort
    this.#nextPort += 2
    const [said, arrives] = [own, seen].map((address) => this.#announcement(address, port))
    if (isClient) talk.client(said, arrives)
    else talk.server(said, arrives)
    if (this.#random(3) > 0) this.#meet(port)
  }

  /** What the one behind NAT says with its address in it; with the other address, how that arrives. */
  #announcement(address: string, port: number): string {
    const isV6 = address.includes(':')
    const six = [...address.split('.'), port >> 8, port & 255].join()
    switch (this.#protocol) {
      case 'ftp':
        if (this.#names.isClient) {
          const full = address === this.#names.seen ? fullIpv6(address) : address
          if (isV6) return `EPRT |2|${full}|${port}|\r\n`
          return this.#nextPort % 4 === 0 ? `EPRT |1|${address}|${port}|\r\n` : `PORT ${six}\r\n`
        }
        return isV6 || this.#nextPort % 4 === 0 ? `229 ok (|||${port}|)\r\n` : `227 ok (${six})\r\n`
      case 'irc':
        if (isV6 || !this.#names.isClient) return 'PING x\r\n'
        return `PRIVMSG bob :\x01DCC SEND file ${word(address)} ${port} 12345\x01\r\n`
      default:
        return sipOffer(address, isV6 ? 'IP6' : 'IP4', port)
    }
  }

  /** The connection that was announced comes, and is answered. */
  #meet(port: number): void {
    const { own, seen, peer } = this.#names
    const from = end(peer, 20_000 + this.#random(3))
    if (this.#protocol === 'sip') {
      this.#packets.push(udp(`${from}>${end(seen, port)}`), udp(`${end(own, port)}>${from}`))
      return
    }
    this.#packets.push(
      tcp(`${from}>${end(seen, port)}`, 'S', { seq: 700 }),
      tcp(`${end(own, port)}>${from}`, 'SA', { seq: 300, ack: 701 }),
      tcp(`${from}>${end(seen, port)}`, 'A', { seq: 701, ack: 301 }),
    )
  }

  #askForFile(): void {
    const { client, server, clientSeen, serverSeen } = this.#ends
    const port = this.#nextPort++
    const data = (to: string) => to.replace(/\d+$/, String(port))
    this.#packets.push(
      udp(`${client}>${serverSeen}`, { data: '\0\x01file\0octet\0' }),
      udp(`${data(server)}>${clientSeen}`, { data: '\0\x03\0\x01data' }),
      udp(`${client}>${data(serverSeen)}`, { data: '\0\x04\0\x01' }),
    )
  }
}

/** The offer of a stream; lengths of the body as they are. */
function sipOffer(address: string, network: string, port: number): string {
  const body = ['v=0', `o=- 1 1 IN ${network} ${address}`, 's=-', `c=IN ${network} ${address}`, `m=audio ${port} x`, '']
  const text = body.join('\r\n')
  return `INVITE sip:bob@host SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Length: ${text.length}\r\n\r\n${text}`
}

function word(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
}

function fullIpv6(address: string): string {
  const [head, tail = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0')
  return [...groups(head), ...zeros, ...groups(tail)].map((group) => group.padStart(4, '0')).join(':')
}
