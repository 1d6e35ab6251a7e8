import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { EXIT_CAPTURE, EXIT_DONE } from '../../../src/cli/exit-codes.ts'
import { CAPTURES, captureFile } from '../../bench/captures.ts'
import { rulesetFile } from '../../bench/rulesets.ts'
import { randomTraffic } from '../../kernel/random-traffic.ts'
import { SAMPLES, sampleArguments } from '../../pcaps/samples.ts'
import { buildProgram } from '../../support/built-program.ts'
import { fileWriter } from '../../support/files.ts'
import { fragments, icmp, udp } from '../../support/packets.ts'
import { pcap } from '../../support/pcap.ts'

const { folder, main, remove } = buildProgram()
const written = fileWriter(folder)
const samples = fileURLToPath(new URL('../../../pcaps', import.meta.url))
const everyday = captureFile(CAPTURES.filter(({ name }) => name === 'mixed')[0], 30_000, folder)
afterAll(remove)

/** Everything that a run of the command leaves behind: with 5 threads, two of them share the tracking and one writes. */
function traces(threads: number, args: readonly string[]): Record<string, unknown> {
  const path = (kind: string) => join(folder, `${kind}-${threads}`)
  const outputs = ['ndjson', 'csv', 'parquet', ...(args.includes('--rules') ? ['counters'] : [])]
  for (const kind of outputs) writeFileSync(path(kind), '')
  const all = [main, ...args, ...outputs.flatMap((kind) => [`--${kind}`, path(kind)]), '--verbose']
  const options = { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [...all, '--threads', String(threads)], options)
  const written = outputs.map((kind) => [kind, digest(path(kind))])
  // A program that does not start at all says the same both ways, too.
  expect([EXIT_DONE, EXIT_CAPTURE]).toContain(status)
  return { status, stdout: withoutThreads(stdout), stderr, written }
}

/** A summary but for the sentence that tells who asked for threads why they did not share the work. */
function withoutThreads(stdout: string): string {
  return stdout.replace(/^ {2}--threads \d+: .*\n(?: {4}.*\n)*/m, '').replace('Warnings\n\n', '')
}

function digest(path: string): string | null {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : null
}

function summaries(threads: number, args: readonly string[]): Record<string, unknown> {
  const options = { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 } as const
  const all = [main, ...args, '--verbose', '--threads', String(threads)]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, options)
  expect(status).toBe(EXIT_DONE)
  return { status, stdout, stderr }
}

const rules = (name: string, ...lines: string[]) =>
  written(name, ['*filter', ':INPUT DROP', ':FORWARD DROP', ':OUTPUT ACCEPT', ...lines, 'COMMIT', ''].join('\n'))
const plain = rules(
  'plain.v4',
  '-A FORWARD -m conntrack --ctstate INVALID -j DROP',
  '-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
  '-A FORWARD -m owner --uid-owner 0 -j ACCEPT'.replace('FORWARD', 'OUTPUT'),
  '-A FORWARD -p tcp -m tcp --dport 1:1024 -j ACCEPT',
  '-A FORWARD -m statistic --mode random --probability 0.5 -j ACCEPT',
  '-A FORWARD -p udp -j ACCEPT',
)
const limited = rules('limited.v4', '-A FORWARD -m limit --limit 1/s -j ACCEPT', '-A FORWARD -p udp -j ACCEPT')
const sets = written(
  'sets.save',
  'create some hash:ip family inet hashsize 64 maxelem 64 timeout 60\nadd some 10.0.0.1 timeout 5\n',
)
const asksSets = rules('sets.v4', '-A FORWARD -m set --match-set some src -j ACCEPT')

/** Connections, errors, fragments in and out of order, a clock that runs back: more batches than a ring holds slots. */
const mess = written(
  'mess.pcap',
  pcap(
    randomTraffic(7, 18_000).flatMap((frame, at) => {
      const time = (frame.time ?? 0) - (at % 1000 === 5 ? 3 : 0)
      if (at % 40 !== 3) return [{ ...frame, time }]
      const host = `10.1.${(at >> 8) & 255}.${at & 255}`
      const asked = udp(`${host}:1000>10.9.9.9:53`, { data: 300 })
      const pieces = fragments(at % 80 === 3 ? icmp(`10.9.9.9>${host}`, 3, 3, { data: asked }) : asked, 120)
      return [asked, ...pieces.reverse()].map((bytes) => ({ bytes, time }))
    }),
  ),
)
const flood = written(
  'flood.pcap',
  pcap(
    Array.from({ length: 20_000 }, (_, i) => ({
      bytes: udp(`10.1.${i >> 8}.${i & 255}:1000>10.9.9.9:53`),
      time: i / 1e4,
    })),
  ),
)
const packets = readFileSync(everyday)
const router = ['--mode', 'router', '--rules', plain]

describe('when threads share the tracking the command says the same, byte for byte', () => {
  it.each(SAMPLES.map((one, index) => [`${index} ${one.capture} ${one.about ?? ''}`, one] as const))('%s', (_, one) => {
    const args = sampleArguments(one, samples)
    expect(traces(5, args)).toEqual(traces(1, args))
  })

  it.each([
    ['many packets, inferring', 5, () => [everyday]],
    ['many packets and rules', 6, () => [everyday, ...router]],
    ['one thread that tracks', 4, () => [everyday, ...router]],
    ['a mess', 5, () => [mess, ...router]],
    [
      'a mess for a host',
      5,
      () => [mess, '--rules', plain, '--mode', 'host', '--local', '10.9.9.9', '--checksum', 'verify'],
    ],
    ['a host whose address is on few packets', 5, () => [mess, '--local', '10.1.0.3', '--checksum', 'verify']],
    ['a host whose address is on none', 5, () => [mess, '--local', '10.255.255.9', '--checksum', 'verify']],
    ['rules with a limit', 5, () => [mess, '--mode', 'router', '--rules', limited]],
    ['rules with sets', 5, () => [mess, '--mode', 'router', '--rules', asksSets, '--ipset', sets]],
    ['NAT', 5, () => [everyday, '--mode', 'router', '--rules', rulesetFile('nat', folder)]],
    ['NAT, ignored', 5, () => [everyday, '--mode', 'router', '--nat', 'ignore', '--rules', rulesetFile('nat', folder)]],
    ['helpers', 5, () => [join(samples, 'ftp-passive.pcap'), '--helper', 'auto', '--mode', 'router']],
    // Which entries are pushed out is chance, but these do nothing more.
    ['a full table', 5, () => [flood, ...router, '--sysctl', 'nf_conntrack_max=9000', '--quiet']],
    ['the other reader', 5, () => [everyday, '--mode', 'router', '--reader', 'pcap-parser']],
    ['several captures', 5, () => [mess, join(samples, 'tftp.pcap'), join(samples, 'ping-traceroute.pcapng')]],
    ['cut inside a record', 5, () => [written('cut.pcap', packets.subarray(0, 5_000_001)), ...router]],
    [
      'gzip that ends early',
      5,
      () => [written('cut.pcap.gz', gzipSync(packets.subarray(0, 3e6)).subarray(0, 200_000))],
    ],
    ['no frames at all', 5, () => [written('none.pcap', packets.subarray(0, 24))]],
    ['no such file', 5, () => ['/nonexistent/a.pcap']],
  ])('%s', (_, threads, args) => {
    expect(traces(threads, args())).toEqual(traces(1, args()))
  })

  it('without an output of all packets', () => {
    for (const capture of [everyday, mess]) {
      expect(summaries(4, [capture, ...router])).toEqual(summaries(1, [capture, ...router]))
    }
  })
})
