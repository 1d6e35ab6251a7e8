import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_TIME_DIGITS } from '../../src/capture/frame-batch.ts'
import type { Outcome } from '../../src/netfilter/outcome.ts'
import { ByteOutput } from '../../src/report/byte-output.ts'
import { ByteWriter } from '../../src/report/byte-writer.ts'
import { NdjsonSink } from '../../src/report/ndjson.ts'
import { addressText } from '../../src/wire/address.ts'
import { IP_V6, NOTE_NOT_IP, P_FRAGMENT, P_L4_OFFSET } from '../../src/wire/packet-fields.ts'
import { temporaryFolder } from '../support/files.ts'
import { anyOutcome, packetRecord } from './any-outcome.ts'
import { addressWords, outcome, rule } from './outcomes.ts'

const folder = temporaryFolder()

let files = 0

async function written(outcomes: readonly Outcome[], captures: readonly string[] = ['a.pcap']): Promise<string[]> {
  const path = join(folder, `${files++}.ndjson`)
  const sink = new NdjsonSink(new ByteOutput(path), {
    files: captures,
  })
  for (const one of outcomes) {
    sink.packet(one)
    await sink.drain()
  }
  await sink.end()
  const text = readFileSync(path, 'utf8')
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return text.split('\n').slice(0, -1)
}

/** From here on a field is there only where it says something. */
const SPARSE_FROM = Object.keys(packetRecord(outcome(null), [])).indexOf('connection')

function reference(o: Outcome, captures: readonly string[]): string {
  const record = packetRecord(o, captures)
  const line = Object.fromEntries(Object.entries(record).filter(([, value], i) => i < SPARSE_FROM || value !== null))
  return JSON.stringify({ ...line, time: '@time@' }).replace('"@time@"', String(record.time))
}

describe('NDJSON', () => {
  it('writes a line as the contract shows it', async () => {
    const accepted = outcome(
      { src: '10.0.0.1', dst: '10.0.0.2', sport: 40000, dport: 80 },
      { state: 1, direction: 0, hook: 2, verdict: 1, rule: rule({ target: 'ACCEPT' }) },
    )
    expect(await written([accepted])).toEqual([
      '{"frame":1,"time":1700000000.123456,"src":"10.0.0.1","dst":"10.0.0.2","proto":"tcp","sport":40000,"dport":80,' +
        '"length":60,"ctstate":"NEW","ctdir":"original","hook":"FORWARD","verdict":"ACCEPT",' +
        '"rule":"filter:FORWARD:rule:3","target":"ACCEPT","line":12,"reason":null,"note":null}',
    ])
  })

  it('says null for what a frame without IP does not have', async () => {
    const arp = outcome(null, { note: NOTE_NOT_IP })
    expect(JSON.parse((await written([arp]))[0])).toMatchObject({ src: null, proto: null, sport: null, note: 'not-ip' })
  })

  it('has no ports for a later fragment, nor for a transport header that the capture cut', async () => {
    const later = outcome({ src: '10.0.0.1', dst: '10.0.0.2', protocol: 17, sport: 1, dport: 2 })
    later.fields[P_FRAGMENT] = 185
    const cut = outcome({ src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 2 })
    cut.fields[P_L4_OFFSET] = 58
    for (const line of await written([later, cut])) expect(JSON.parse(line)).toMatchObject({ sport: null, dport: null })
  })

  it('gives a frame without a time none', async () => {
    const timeless = outcome(null, { epochSeconds: 5, digits: NO_TIME_DIGITS })
    expect((await written([timeless]))[0]).toContain('"time":null,')
  })

  it('gives an instant before 1970 its sign', async () => {
    const early = outcome(null, { epochSeconds: -2, nanoseconds: 250_000_000, digits: 3 })
    expect((await written([early]))[0]).toContain('"time":-1.750,')
  })

  it('equals JSON.stringify for whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOutcome, { maxLength: 12 }), fc.boolean(), async (outcomes, several) => {
        const captures = several ? ['a.pcap', 'dir/b "2".pcapng'] : ['a.pcap']
        expect(await written(outcomes, captures)).toEqual(outcomes.map((o) => reference(o, captures)))
      }),
      { numRuns: 150 },
    )
  })

  it('keeps every line over many chunks', async () => {
    const one = outcome({ src: '255.255.255.255', dst: '10.0.0.1' })
    const path = join(folder, 'many.ndjson')
    const sink = new NdjsonSink(new ByteOutput(path), { files: ['a'] })
    for (let frame = 1; frame <= 30_000; frame++) {
      one.frame = frame
      sink.packet(one)
      if (frame % 7000 === 0) await sink.drain()
    }
    await sink.end()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).frame)).toEqual(Array.from({ length: 30_000 }, (_, i) => i + 1))
  })
})

describe('IPv6 addresses as bytes', () => {
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:0:0:0:ffff:c000:201', '::ffff:192.0.2.1'],
    ['0:0:0:0:0:0:c000:201', '::c000:201'],
  ])('RFC 5952: %s is %s', (plain, short) => {
    expect(bytesText(Int32Array.from(addressWords(plain)))).toBe(short)
  })

  it('are what the plain way of writing them gives', () => {
    const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff }))
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const words = Int32Array.from([0, 2, 4, 6].map((i) => (groups[i] << 16) | groups[i + 1]))
        expect(bytesText(words)).toBe(addressText(words, 0, IP_V6))
      }),
    )
  })

  it('are the same when they come again, in between others, over bytes of any kind', () => {
    const addresses = fc.array(fc.constantFrom(0, 1, 0xffff, 0x2001, 0xdb8), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(fc.array(addresses, { minLength: 1, maxLength: 100 }), (some) => {
        const writer = new ByteWriter(new Uint8Array(8192).fill(0xff))
        let at = 0
        let expected = ''
        for (const groups of [...some, ...some]) {
          const words = Int32Array.from([0, 2, 4, 6].map((i) => (groups[i] << 16) | groups[i + 1]))
          at = writer.ipv6(at, words, 0)
          expected += addressText(words, 0, IP_V6)
        }
        expect(new TextDecoder().decode(writer.bytes.subarray(0, at))).toBe(expected)
      }),
    )
  })
})

function bytesText(words: Int32Array): string {
  const writer = new ByteWriter(new Uint8Array(64))
  return new TextDecoder().decode(writer.bytes.subarray(0, writer.ipv6(0, words, 0)))
}
