import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ECHO, PacketPlan, PacketWriter, TCP, UDP } from './packet-writer.ts'

const FIN = 0x01
const SYN = 0x02
const PSH = 0x08
const ACK = 0x10

/** Of the captures: one more when they change, so that those of before are made anew. */
const GENERATION = 2
/** Connections that are open at the same time. */
const OPEN_FLOWS = 2000
const TCP_PACKETS = 14
const UDP_PACKETS = 5
/** Data of a packet that has any: with the packets without, the mean comes to 260 bytes. */
const PAYLOADS = [80, 200, 450, 760, 1200] as const
const SERVICES = [443, 443, 443, 80, 22, 25, 993, 8080] as const
const UDP_SERVICE = 9999
const NAT_SERVICE = 8443

export interface CaptureKind {
  readonly name: string
  readonly what: string
  readonly packets: number
  write(writer: PacketWriter, packets: number): void
}

export const CAPTURES: readonly CaptureKind[] = [
  {
    name: 'a',
    what: 'connections with handshake, data and FIN, UDP, ICMP',
    packets: 1_000_000,
    write: untilPackets(false),
  },
  { name: 'a4', what: 'the same, four times as long', packets: 4_000_000, write: untilPackets(false) },
  { name: 'b', what: 'concurrent connections: all SYNs, then all SYN-ACKs', packets: 2_000_000, write: concurrent },
  {
    name: 'scan',
    what: "one host's SYNs to a thousand ports of one host after the other",
    packets: 200_000,
    write: scan,
  },
  { name: 'mixed', what: 'half of it IPv6, with fragments and NAT', packets: 1_000_000, write: untilPackets(true) },
]

/** Makes a capture of so many packets, unless it is there already. */
export function captureFile(kind: CaptureKind, packets: number, folder: string): string {
  const path = join(folder, `${kind.name}-${packets}.v${GENERATION}.pcap`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const writer = new PacketWriter(`${path}.part`)
  kind.write(writer, packets)
  writer.close()
  renameSync(`${path}.part`, path)
  return path
}

interface Flow {
  readonly number: number
  readonly protocol: number
  readonly v6: boolean
  readonly fragmented: boolean
  readonly serverPort: number
  readonly length: number
  step: number
  /** Bytes sent so far by client and server. */
  readonly sent: [number, number]
}

function untilPackets(isMixed: boolean): CaptureKind['write'] {
  return (writer, packets) => everyday(isMixed, writer, () => writer.packets >= packets)
}

/** Connections that come and go, 20 % of packets UDP and 1 % ICMP. */
export function everyday(isMixed: boolean, writer: PacketWriter, isEnough: () => boolean): void {
  const random = generator(1)
  const plan = new PacketPlan()
  const open: Flow[] = []
  for (let number = 0; !isEnough(); ) {
    const at = Math.floor(random() * OPEN_FLOWS)
    if (at >= open.length || open[at].step >= open[at].length) {
      open[Math.min(at, open.length)] = newFlow(number++, random, isMixed)
      continue
    }
    nextPacket(open[at], plan, random)
    writer.write(plan)
  }
}

function newFlow(number: number, random: () => number, isMixed: boolean): Flow {
  const kind = random()
  // Shares of connections that make the shares of packets, as connections of each kind have so many.
  const protocol = kind < 0.025 ? ECHO : kind < 0.43 ? UDP : TCP
  const length = protocol === TCP ? TCP_PACKETS : protocol === UDP ? UDP_PACKETS : 4
  const isTranslated = isMixed && random() < 0.2
  return {
    number,
    protocol,
    v6: isMixed && random() < 0.5,
    fragmented: isMixed && protocol === UDP && random() < 0.1,
    serverPort:
      protocol === UDP ? UDP_SERVICE : isTranslated ? NAT_SERVICE : SERVICES[Math.floor(random() * SERVICES.length)],
    length,
    step: 0,
    sent: [number, ~number],
  }
}

function nextPacket(flow: Flow, plan: PacketPlan, random: () => number): void {
  const { number, protocol, length } = flow
  const step = flow.step++
  plan.v6 = flow.v6
  plan.protocol = protocol
  plan.client = number & 0x3fff
  plan.server = number % 977
  plan.clientPort = 1024 + ((number >> 6) % 60_000)
  plan.serverPort = flow.serverPort
  plan.payload = 0
  plan.flags = 0
  plan.seq = step >> 1
  plan.reply = step % 2 === 1
  if (protocol !== TCP) {
    plan.payload = flow.fragmented && plan.reply ? 3000 : 56
    return
  }
  const last = length - 3
  plan.flags = ACK
  if (step === 0) plan.flags = SYN
  else if (step === 1) plan.flags = SYN | ACK
  else if (step >= last && step < length - 1) plan.flags = FIN | ACK
  else if (step > 2 && step < last) {
    // Some packets carry data, some only acknowledge.
    plan.payload = random() < 0.8 ? PAYLOADS[Math.floor(random() * PAYLOADS.length)] : 0
    if (plan.payload > 0) plan.flags |= PSH
  }
  const side = plan.reply ? 1 : 0
  plan.seq = flow.sent[side] >>> 0
  plan.ack = step === 0 ? 0 : flow.sent[1 - side] >>> 0
  flow.sent[side] += plan.payload + (plan.flags & (SYN | FIN) ? 1 : 0)
}

/** Half of the packets are SYNs of as many connections, the other half their SYN-ACKs in another order. */
function concurrent(writer: PacketWriter, packets: number): void {
  const connections = packets >> 1
  const plan = new PacketPlan()
  const write = (number: number, reply: boolean): void => {
    plan.client = number % 65_521
    plan.server = (number >> 8) & 0xff
    plan.clientPort = 1024 + ((number >> 4) % 60_000)
    plan.serverPort = 443
    plan.reply = reply
    plan.flags = reply ? SYN | ACK : SYN
    plan.seq = number + (reply ? 5 : 0)
    plan.ack = reply ? number + 1 : 0
    writer.write(plan)
  }
  for (let number = 0; number < connections; number++) write(number, false)
  // A step that shares no divisor with the number of connections meets each of them once.
  let step = Math.floor(connections * 0.618) | 1
  while (divisor(step, connections) > 1) step += 2
  for (let count = 0, number = 0; count < connections; count++, number = (number + step) % connections) {
    write(number, true)
  }
}

/** Nobody answers: whatever rules keep of hosts or connections grows with every packet. */
function scan(writer: PacketWriter, packets: number): void {
  const plan = new PacketPlan()
  plan.flags = SYN
  plan.clientPort = 40_000
  for (let number = 0; number < packets; number++) {
    plan.server = Math.floor(number / 1000)
    plan.serverPort = 1 + (number % 1000)
    plan.seq = number
    writer.write(plan)
  }
}

function divisor(one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other)
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
