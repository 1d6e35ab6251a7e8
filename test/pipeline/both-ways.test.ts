import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { CAPTURES } from '../bench/captures.ts'
import { PacketWriter } from '../bench/packet-writer.ts'
import { rulesetFile } from '../bench/rulesets.ts'
import { SAMPLES, sampleArguments } from '../pcaps/samples.ts'
import { buildProgram } from '../support/built-program.ts'
import { block, interfaceBlock, packetBlock, padded, sectionHeader, u32 } from '../support/captures.ts'
import { fileWriter } from '../support/files.ts'
import { udp } from '../support/packets.ts'

const { folder, main, remove } = buildProgram()
const written = fileWriter(folder)
const samples = fileURLToPath(new URL('../../pcaps', import.meta.url))
const everyday = join(folder, 'everyday.pcap')
writeEveryday(40_000)
const natRules = rulesetFile('nat', folder)
afterAll(remove)

/** With IPv6, fragments and connections for NAT; more packets than the ring holds. */
function writeEveryday(packets: number): void {
  const writer = new PacketWriter(everyday)
  for (const { name, write } of CAPTURES) if (name === 'mixed') write(writer, packets)
  writer.close()
}

const KINDS = ['ndjson', 'csv', 'parquet', 'counters']

/** Everything that a run of the command leaves behind. */
function traces(threads: number, args: readonly string[], input?: Uint8Array): Record<string, unknown> {
  const path = (kind: string) => join(folder, `${kind}-${threads}`)
  const kinds = args.includes('--rules') ? KINDS : KINDS.slice(0, -1)
  for (const kind of kinds) writeFileSync(path(kind), '')
  const outputs = kinds.flatMap((kind) => [`--${kind}`, path(kind)])
  const all = [main, ...args, ...outputs, '--verbose', '--threads', String(threads)]
  const options = { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28, input } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, all, options)
  const written = kinds.map((kind) =>
    createHash('sha256')
      .update(readFileSync(path(kind)))
      .digest('hex'),
  )
  return { status, stdout, stderr, written }
}

/** One thread does all; a second one reads ahead; a third one writes. */
function expectTheSame(args: readonly string[], input?: Uint8Array): void {
  const alone = traces(1, args, input)
  expect([traces(2, args, input), traces(3, args, input)]).toEqual([alone, alone])
}

/** A capture with what is cut out of it, or put over it. */
const cut = (from: Uint8Array, end: number) => from.subarray(0, end)
const overwritten = (from: Uint8Array, at: number, ...bytes: number[]) => {
  const copy = Uint8Array.from(from)
  copy.set(bytes, at)
  return copy
}

/** Two simple packets, one with a time, and a custom block. */
const datagram = udp('10.0.0.1:1000>10.0.0.2:53')
const simplePacket = block(3, Buffer.concat([u32(datagram.length), padded(datagram)]))
const timeless = Buffer.concat([
  sectionHeader(),
  interfaceBlock({ linkType: 101 }),
  simplePacket,
  packetBlock({ time: 1_700_000_000_000_000n, data: datagram }),
  simplePacket,
  block(0xbad, new Uint8Array(8)),
])

const sample = (name: string) => readFileSync(join(samples, name))
const packets = readFileSync(everyday)
expect(packets.length).toBeGreaterThan(8 << 20)

describe('with threads that read ahead and write the command says the same, byte for byte', () => {
  it.each(SAMPLES.map((one, index) => [`${index} ${one.capture} ${one.about ?? ''}`, one] as const))('%s', (_, one) => {
    expectTheSame(sampleArguments(one, samples))
  })

  it.each([
    ['many packets, inferring', () => [everyday]],
    ['many packets, with NAT', () => [everyday, '--mode', 'router', '--rules', natRules]],
    ['many packets, as one host', () => [everyday, '--mode', 'host', '--local', '10.0.0.0/8', '--checksum', 'verify']],
    ['no checksums', () => [everyday, '--checksum', 'ignore', '--sysctl', 'nf_conntrack_checksum=0']],
    ['the other reader', () => [everyday, '--mode', 'router', '--reader', 'pcap-parser']],
    ['several captures', () => [everyday, join(samples, 'tftp.pcap'), join(samples, 'ping-traceroute.pcapng')]],
    ['cut inside a record', () => [written('cut.pcap', cut(packets, 5_000_001))]],
    ['cut inside the first record', () => [written('first.pcap', cut(packets, 50))]],
    ['an absurd record length', () => [written('absurd.pcap', overwritten(packets, 24 + 8, 255, 255, 255, 127))]],
    ['gzip', () => [written('all.pcap.gz', gzipSync(cut(packets, 3_000_000)))]],
    ['gzip that ends early', () => [written('cut.pcap.gz', cut(gzipSync(cut(packets, 3_000_000)), 200_000))]],
    ['a pcapng that ends early', () => [written('cut.pcapng', cut(sample('ping-traceroute.pcapng'), 3001))]],
    ['frames without a time', () => [written('timeless.pcapng', timeless), '--mode', 'router']],
    ['one damaged among two', () => [written('short.pcap', cut(packets, 100_000)), join(samples, 'tftp.pcap')]],
    ['no frames at all', () => [written('none.pcap', cut(packets, 24))]],
    ['no such file', () => ['/nonexistent/a.pcap']],
    ['a second file that is none', () => [everyday, written('text.pcap', Buffer.from('this is only some text\n'))]],
    ['an empty file', () => [written('empty.pcap', new Uint8Array(0))]],
    ['a pcapng for the other reader', () => [join(samples, 'ping-traceroute.pcapng'), '--reader', 'pcap-parser']],
    ['standard input twice', () => ['-', '-']],
  ])('%s', (_, args) => {
    expectTheSame(args())
  })

  it.each([
    ['a pipe', cut(packets, 2_000_000)],
    ['a pipe with gzip', gzipSync(cut(packets, 2_000_000))],
    ['an empty pipe', new Uint8Array(0)],
  ])('%s', (_, bytes) => {
    expectTheSame(['-'], bytes)
  })
})
