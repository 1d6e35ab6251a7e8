/**
 * A small language to write packets down in tests. Everything returns the bytes of an IP datagram with right lengths
 * and checksums, unless told otherwise:
 *
 *     tcp('10.0.0.1:1000>10.9.9.9:80', 'S', { seq: 100, options: [mss(1460), wscale(7)] })
 *     udp('[2001:db8::1]:5353>[2001:db8::2]:53', { data: 'hello' })
 *     icmp('10.0.0.1>10.0.0.2', 8, 0, { id: 7 })
 *     ether(udp(…), { vlan: [12] })
 *     fragments(udp(…), 600)
 *
 * `datagram('10.0.0.1>10.0.0.2', 47, payload)` makes any other protocol.
 */
import { parseAddress } from '../../src/wire/address.ts'
import { crc32c } from '../../src/wire/crc32c.ts'
import { be16, be32, checksum, concat } from './packet-bytes.ts'

export { fragments } from './fragments.ts'
export { be16, be32, checksum, concat, withHeaderChecksum } from './packet-bytes.ts'

interface IpOptions {
  ttl?: number
  tos?: number
  /** IPv4 identification, or that of the IPv6 fragment header. */
  id?: number
  df?: boolean
  mf?: boolean
  /** Fragment offset in bytes; a multiple of 8. */
  offset?: number
  /** IPv4 options; padded with zeros to a multiple of four bytes. */
  ipOptions?: readonly number[]
  /** IPv6 extension headers in order: see hopByHop, destinationOptions, routing, auth. */
  extensions?: readonly Extension[]
  /** Written over the right values. */
  totalLength?: number
  headerChecksum?: number
  version?: number
  ihl?: number
}

interface TransportOptions extends IpOptions {
  data?: Uint8Array | string | number
  /** The transport checksum field; right by default. 'bad' for one that is off. */
  checksum?: number | 'bad'
}

export interface TcpOptions extends TransportOptions {
  seq?: number
  ack?: number
  window?: number
  options?: readonly (readonly number[])[]
  /** Data offset in words, right by default. */
  dataOffset?: number
}

/** An IPv6 extension header: its number and its bytes, of which the first (next header) is filled in. */
export interface Extension {
  protocol: number
  bytes: readonly number[]
}

const FLAGS: Readonly<Record<string, number>> = {
  F: 0x01,
  S: 0x02,
  R: 0x04,
  P: 0x08,
  A: 0x10,
  U: 0x20,
  E: 0x40,
  W: 0x80,
  N: 0x100,
}

/** @param flags letters: S SYN, A ACK, F FIN, R RST, P PSH, U URG, E ECE, W CWR, N NS; '' for none */
export function tcp(path: string, flags: string, options: TcpOptions = {}): Uint8Array {
  const { source, destination } = endpoints(path)
  const tcpOptions = padded((options.options ?? []).flat(), 4)
  const data = bytesOf(options.data)
  const offset = options.dataOffset ?? 5 + tcpOptions.length / 4
  const bits = [...flags].reduce((sum, letter) => sum | flagBit(letter), 0)
  const segment = concat(
    be16(source.port, destination.port),
    be32(options.seq ?? 0, options.ack ?? 0),
    be16((offset << 12) | bits, options.window ?? 65535, 0, 0),
    tcpOptions,
    data,
  )
  return datagram(path, 6, withSum(path, 6, segment, 16, options.checksum), options)
}

function flagBit(letter: string): number {
  const bit = FLAGS[letter]
  if (bit === undefined) throw new Error(`no TCP flag '${letter}'`)
  return bit
}

export const mss = (value: number): number[] => [2, 4, value >> 8, value & 255]
export const wscale = (shift: number): number[] => [3, 3, shift]
export const sackPermitted = (): number[] => [4, 2]
export const nop = (): number[] => [1]
export const timestamps = (value: number, echo: number): number[] => [8, 10, ...be32(value, echo)]
/** @param edges left, right, left, right, … */
export const sack = (...edges: number[]): number[] => [5, 2 + 4 * edges.length, ...be32(...edges)]

/** `length` overrides the length field; `checksum: 0` sends none. */
export function udp(path: string, options: TransportOptions & { length?: number } = {}): Uint8Array {
  const { source, destination } = endpoints(path)
  const data = bytesOf(options.data ?? 'x')
  const segment = concat(be16(source.port, destination.port, options.length ?? 8 + data.length, 0), data)
  const sealed = withSum(path, 17, segment, 6, options.checksum)
  if (options.checksum === undefined && sealed[6] === 0 && sealed[7] === 0) sealed.fill(0xff, 6, 8)
  return datagram(path, 17, sealed, options)
}

/** @param options.coverage bytes that the checksum covers, 0 for all */
export function udpLite(path: string, options: TransportOptions & { coverage?: number } = {}): Uint8Array {
  const { source, destination } = endpoints(path)
  const coverage = options.coverage ?? 0
  const segment = concat(be16(source.port, destination.port, coverage, 0), bytesOf(options.data ?? 'x'))
  const covered = coverage < 8 || coverage > segment.length ? segment.length : coverage
  const sealed = segment.slice()
  sealed.set(withSum(path, 136, segment.slice(0, covered), 6, options.checksum, segment.length))
  return datagram(path, 136, sealed, options)
}

/** An SCTP packet with the given chunks (each padded to four bytes). */
export function sctp(
  path: string,
  chunks: readonly Uint8Array[],
  options: TransportOptions & { tag?: number } = {},
): Uint8Array {
  const { source, destination } = endpoints(path)
  const packet = concat(
    be16(source.port, destination.port),
    be32(options.tag ?? 0, 0),
    ...chunks.map((chunk) => padded(chunk, 4)),
  )
  const crc = options.checksum === 'bad' ? 0x01020304 : crc32c(packet, 0, packet.length, 8)
  packet.set([crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24], 8)
  return datagram(path, 132, packet, options)
}

/** @param options.id first 16 bits after the checksum; `seq` the second; or `rest`, all four bytes */
export function icmp(path: string, type: number, code = 0, options: IcmpOptions = {}): Uint8Array {
  return datagram(path, 1, withSum(path, 1, icmpMessage(type, code, options), 2, options.checksum), options)
}

export function icmpv6(path: string, type: number, code = 0, options: IcmpOptions = {}): Uint8Array {
  return datagram(path, 58, withSum(path, 58, icmpMessage(type, code, options), 2, options.checksum), options)
}

interface IcmpOptions extends Omit<TransportOptions, 'id'> {
  /** Identifier of an echo. */
  id?: number
  seq?: number
  rest?: readonly number[]
  ipId?: number
}

function icmpMessage(type: number, code: number, options: IcmpOptions): Uint8Array {
  const rest = options.rest ?? be16(options.id ?? 0, options.seq ?? 0)
  return concat([type, code, 0, 0], rest, bytesOf(options.data))
}

/** An IPv4 or IPv6 datagram, by the addresses of `path` ('A>B', ports are ignored), with any payload. */
export function datagram(
  path: string,
  protocol: number,
  payload: Uint8Array | readonly number[],
  options: IpOptions & { ipId?: number } = {},
): Uint8Array {
  const { source, destination } = endpoints(path)
  // An ICMP `id` is the echo's, and the datagram's own is `ipId`.
  const identification = 'ipId' in options || protocol === 1 || protocol === 58 ? options.ipId : options.id
  if (source.address.length === 4) {
    return ipv4(source.address, destination.address, protocol, payload, { ...options, id: identification ?? 1 })
  }
  return ipv6(source.address, destination.address, protocol, payload, { ...options, id: identification ?? 1 })
}

function ipv4(
  source: number[],
  destination: number[],
  protocol: number,
  payload: Uint8Array | readonly number[],
  options: IpOptions,
): Uint8Array {
  const ipOptions = padded(options.ipOptions ?? [], 4)
  const ihl = options.ihl ?? 5 + ipOptions.length / 4
  const flags = (options.df === true ? 0x4000 : 0) | (options.mf === true ? 0x2000 : 0) | ((options.offset ?? 0) >> 3)
  const header = concat(
    [((options.version ?? 4) << 4) | ihl, options.tos ?? 0],
    be16(options.totalLength ?? 20 + ipOptions.length + payload.length, options.id ?? 0, flags),
    [options.ttl ?? 64, protocol, 0, 0],
    source,
    destination,
    ipOptions,
  )
  header.set(be16(options.headerChecksum ?? checksum(header)), 10)
  return concat(header, payload)
}

function ipv6(
  source: number[],
  destination: number[],
  protocol: number,
  payload: Uint8Array | readonly number[],
  options: IpOptions,
): Uint8Array {
  const extensions = [...(options.extensions ?? [])]
  if (options.mf === true || options.offset !== undefined) {
    const place = (options.offset ?? 0) | (options.mf === true ? 1 : 0)
    extensions.push({ protocol: 44, bytes: [0, 0, ...be16(place), ...be32(options.id ?? 0)] })
  }
  const numbers = [...extensions.map((extension) => extension.protocol), protocol]
  const chain = extensions.map((extension, index) => [numbers[index + 1], ...extension.bytes.slice(1)])
  const body = concat(...chain, payload)
  const tos = options.tos ?? 0
  return concat(
    [((options.version ?? 6) << 4) | (tos >> 4), (tos & 15) << 4, 0, 0],
    be16(options.totalLength ?? body.length),
    [numbers[0], options.ttl ?? 64],
    source,
    destination,
    body,
  )
}

/** Options are given as bytes; padding to a multiple of eight is added (PadN, Pad1). */
export const hopByHop = (...options: number[]): Extension => ({ protocol: 0, bytes: optionsHeader(options) })
export const destinationOptions = (...options: number[]): Extension => ({ protocol: 60, bytes: optionsHeader(options) })
export const routing = (type = 0, segmentsLeft = 0): Extension => ({
  protocol: 43,
  bytes: [0, 0, type, segmentsLeft, 0, 0, 0, 0],
})
export const auth = (): Extension => ({ protocol: 51, bytes: [0, 4, 0, 0, ...be32(0x100, 1), ...Array(12).fill(0xaa)] })
export const fragmentHeader = (offset: number, more: boolean, id: number): Extension => ({
  protocol: 44,
  bytes: [0, 0, ...be16(offset | (more ? 1 : 0)), ...be32(id)],
})

function optionsHeader(options: readonly number[]): number[] {
  const padding = (8 - ((2 + options.length) & 7)) & 7
  const pad = padding === 0 ? [] : padding === 1 ? [0] : [1, padding - 2, ...Array<number>(padding - 2).fill(0)]
  return [0, (2 + options.length + padding) / 8 - 1, ...options, ...pad]
}

interface EtherOptions {
  destination?: string
  source?: string
  /** VLAN identifiers, outermost first; `tag` is the type of all but the innermost tag. */
  vlan?: readonly number[]
  tag?: number
  /** Ethernet type, by the version of the datagram by default. */
  type?: number
  /** Zeros after the datagram: 'min' up to 60 bytes. */
  padding?: number | 'min'
}

export function ether(payload: Uint8Array, options: EtherOptions = {}): Uint8Array {
  const mac = (text: string) => text.split(':').map((octet) => Number.parseInt(octet, 16))
  const vlan = options.vlan ?? []
  const tags = vlan.flatMap((vid, index) => be16(index === vlan.length - 1 ? 0x8100 : (options.tag ?? 0x88a8), vid))
  const frame = concat(
    mac(options.destination ?? '02:00:00:00:00:02'),
    mac(options.source ?? '02:00:00:00:00:01'),
    tags,
    be16(options.type ?? (payload[0] >> 4 === 6 ? 0x86dd : 0x0800)),
    payload,
  )
  const padding = options.padding === 'min' ? Math.max(0, 60 - frame.length) : (options.padding ?? 0)
  return concat(frame, new Uint8Array(padding))
}

function withSum(
  path: string,
  protocol: number,
  segment: Uint8Array,
  at: number,
  wanted: number | 'bad' | undefined,
  length = segment.length,
): Uint8Array {
  const { source, destination } = endpoints(path)
  const pseudo = protocol === 1 ? [] : concat(source.address, destination.address, be32(length, protocol))
  const right = checksum(pseudo, segment)
  const sealed = segment.slice()
  sealed.set(be16(wanted === undefined ? right : wanted === 'bad' ? right ^ 0x1234 : wanted), at)
  return sealed
}

interface Endpoint {
  address: number[]
  port: number
}

/** 'A>B' with ADDRESS, ADDRESS:PORT, or [ADDRESS6]:PORT on each side. */
function endpoints(path: string): { source: Endpoint; destination: Endpoint } {
  const [source, destination] = path.split('>').map(endpoint)
  if (destination === undefined) throw new Error(`'${path}' is not of the form A>B`)
  return { source, destination }
}

function endpoint(text: string): Endpoint {
  const match = /^\[(.*)\]:(\d+)$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text)
  const [address, port] = match === null ? [text, '0'] : [match[1], match[2]]
  return { address: be32(...parseAddress(address).words), port: Number(port) }
}

function bytesOf(data: Uint8Array | string | number | undefined): Uint8Array {
  if (data === undefined) return new Uint8Array(0)
  if (typeof data === 'string') return new TextEncoder().encode(data)
  // A number asks for that many bytes, each different from its neighbours.
  return typeof data === 'number' ? Uint8Array.from({ length: data }, (_, i) => (i * 7 + (i >> 8)) & 255) : data
}

function padded(bytes: Uint8Array | readonly number[], unit: number): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / unit) * unit)
  whole.set(bytes)
  return whole
}
