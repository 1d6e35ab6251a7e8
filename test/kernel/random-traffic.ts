import { datagram, fragments, icmp, icmpv6, mss, sack, sackPermitted, tcp, udp, wscale } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { Random } from '../support/random.ts'

/**
 * Traffic that no stack would send, but close enough to real connections to reach deep states: a few hosts, TCP whose
 * numbers are mostly right, wrong flags, lost and late segments, resets, reuse, UDP, ICMP errors about earlier packets, fragments, over IPv4 and IPv6, and
 * pauses around the timeouts. The same seed gives the same packets.
 */
export function randomTraffic(seed: number, packets: number): CaptureFrame[] {
  const random = new Random(seed)
  const flows = Array.from({ length: 8 }, (_, index) => new Flow(random, index))
  const frames: CaptureFrame[] = []
  let time = 0
  while (frames.length < packets) {
    time += random.pick(PAUSES)
    const datagrams = next(random, flows, frames)
    for (const bytes of datagrams) frames.push({ bytes, time: Math.round(time * 1e6) / 1e6 })
  }
  return frames
}

/** Seconds; most packets follow at once, some wait about as long as a timeout. */
const PAUSES = [...Array<number>(60).fill(0.001), 0.5, 1.1, 2.5, 5, 9, 11, 29, 31, 59.5, 61, 119.5, 121, 299, 301]

function next(random: Random, flows: readonly Flow[], earlier: readonly CaptureFrame[]): Uint8Array[] {
  const flow = random.pick(flows)
  const kind = random.below(100)
  if (kind < 78) return [flow.tcp()]
  if (kind < 88) return [flow.udp()]
  if (kind < 91) return [flow.echo()]
  if (kind < 95 && earlier.length > 0) return [errorAbout(random, random.pick(earlier.slice(-20)).bytes)]
  if (kind < 97 && earlier.length > 0) return [random.pick(earlier.slice(-20)).bytes]
  if (kind < 98) return fragments(flow.udp(1200), 600, random.below(2 ** 32))
  return [flow.generic()]
}

interface Side {
  name: string
  port: number
  /** What this side would send next. */
  seq: number
}

class Flow {
  readonly #random: Random
  readonly #sides: readonly [Side, Side]

  constructor(random: Random, index: number) {
    const names = index < 6 ? [`10.0.0.${1 + (index & 1)}`, '10.9.9.9'] : ['2001:db8::1', '2001:db8:9::9']
    this.#random = random
    this.#sides = [
      { name: names[0], port: 1000 + index, seq: random.below(2 ** 32) },
      { name: names[1], port: index < 4 ? 80 : 22, seq: random.below(2 ** 32) },
    ]
  }

  tcp(): Uint8Array {
    const random = this.#random
    const direction = random.below(2)
    const from = this.#sides[direction]
    const to = this.#sides[1 - direction]
    const flags = random.pick([
      'S',
      'S',
      'SA',
      'SA',
      'A',
      'A',
      'A',
      'PA',
      'PA',
      'PA',
      'FA',
      'FA',
      'R',
      'RA',
      'SF',
      'F',
      'UA',
      '',
      'FPUA',
      'SAEW',
    ])
    const data =
      flags.includes('P') || (flags === 'A' && random.chance(20)) ? random.below(random.chance(10) ? 3000 : 200) : 0
    const options = flags.includes('S')
      ? this.#synOptions()
      : random.chance(5)
        ? [sack(to.seq, (to.seq + 100) >>> 0)]
        : []
    const packet = tcp(pathOf(from, to), flags, {
      seq: (from.seq + this.#deviation()) >>> 0,
      ack: flags.includes('A') || random.chance(5) ? (to.seq + this.#deviation()) >>> 0 : 0,
      window: random.pick([65535, 65535, 8192, 1000, 10, 0]),
      data,
      options,
    })
    if (random.chance(90)) from.seq = (from.seq + data + (/[SF]/.test(flags) ? 1 : 0)) >>> 0
    if (flags === 'S' && random.chance(30)) from.seq = random.below(2 ** 32)
    return packet
  }

  #synOptions(): number[][] {
    const random = this.#random
    const options: number[][] = []
    if (random.chance(60)) options.push(mss(1460))
    if (random.chance(50)) options.push(sackPermitted())
    if (random.chance(50)) options.push(wscale(random.pick([0, 2, 7, 14, 15])))
    return options
  }

  /** How far a number is off: mostly not at all. */
  #deviation(): number {
    const random = this.#random
    return random.chance(75)
      ? 0
      : random.pick([-1, 1, -100, 100, -70000, 70000, 3000, -3000, 2 ** 30, -(2 ** 30), 200, 66000, -66000])
  }

  udp(length = 4): Uint8Array {
    const [from, to] = this.#random.chance(50) ? this.#sides : [this.#sides[1], this.#sides[0]]
    return udp(pathOf(from, to), { data: length, id: this.#random.below(65536) })
  }

  echo(): Uint8Array {
    const [from, to] = this.#random.chance(50) ? this.#sides : [this.#sides[1], this.#sides[0]]
    const options = { id: this.#random.below(3), seq: 1 }
    return from.name.includes(':')
      ? icmpv6(`${from.name}>${to.name}`, this.#random.pick([128, 128, 129, 129, 139, 135]), 0, options)
      : icmp(`${from.name}>${to.name}`, this.#random.pick([8, 8, 0, 0, 13, 14]), 0, options)
  }

  generic(): Uint8Array {
    const [from, to] = this.#random.chance(50) ? this.#sides : [this.#sides[1], this.#sides[0]]
    return datagram(`${from.name}>${to.name}`, this.#random.pick([47, 50, 89, 132, 33]), new Uint8Array(24))
  }
}

function pathOf(from: Side, to: Side): string {
  const end = ({ name, port }: Side) => (name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`)
  return `${end(from)}>${end(to)}`
}

function errorAbout(random: Random, quoted: Uint8Array): Uint8Array {
  if (quoted[0] >> 4 === 6) return errorAboutV6(random, quoted)
  const address = (offset: number) => quoted.slice(offset, offset + 4).join('.')
  const destination = random.chance(85) ? address(12) : address(16)
  const source = random.chance(50) ? address(16) : '10.4.4.4'
  const type = random.pick([3, 3, 3, 11, 12, 5, 4])
  const length = random.pick([28, 28, 48, 24, 20])
  return icmp(`${source}>${destination}`, type, random.below(4), { data: quoted.slice(0, length) })
}

function errorAboutV6(random: Random, quoted: Uint8Array): Uint8Array {
  const address = (offset: number) =>
    [...quoted.slice(offset, offset + 16)].map(hexOctet).join('').match(/.{4}/g)?.join(':')
  const destination = random.chance(85) ? address(8) : address(24)
  const source = random.chance(50) ? address(24) : '2001:db8:4::4'
  const length = random.pick([48, 48, 64, 44, 40])
  return icmpv6(`${source}>${destination}`, random.pick([1, 1, 2, 3, 4]), random.below(4), {
    data: quoted.slice(0, length),
  })
}

const hexOctet = (octet: number): string => octet.toString(16).padStart(2, '0')
