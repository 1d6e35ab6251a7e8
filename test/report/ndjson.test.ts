import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { reasonText } from '../../src/conntrack/reasons.ts'
import { CTSTATE_NAMES, type Outcome } from '../../src/netfilter/outcome.ts'
import { ByteOutput } from '../../src/report/byte-output.ts'
import { ByteWriter } from '../../src/report/byte-writer.ts'
import { NdjsonSink } from '../../src/report/ndjson.ts'
import { protocolName } from '../../src/report/protocol-names.ts'
import { HOOK_NAMES, VERDICT_NAMES } from '../../src/ruleset/rule-packet.ts'
import { addressText } from '../../src/wire/address.ts'
import {
  IP_V4,
  IP_V6,
  NOTE_NAMES,
  NOTE_NOT_IP,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
} from '../../src/wire/packet-fields.ts'
import { addressWords, outcome, rule } from './outcomes.ts'

const folder = mkdtempSync(join(tmpdir(), 'ctreplay-ndjson-'))
afterAll(() => rmSync(folder, { recursive: true }))

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

/** The contract said once more, in the plainest way. */
function reference(o: Outcome, captures: readonly string[]): string {
  const f = o.fields
  const ip = f[P_FAMILY] !== 0
  const v4 = f[P_FAMILY] === IP_V4
  const protocol = f[P_PROTOCOL]
  const headerShown = ip && (f[P_FRAGMENT] & 0x1fff) === 0 && f[P_L4_LENGTH] >= 4
  const ports = headerShown && [6, 17, 33, 132, 136].includes(protocol)
  const icmp = headerShown && ((v4 && protocol === 1) || (!v4 && protocol === 58))
  const word = f[P_PORTS] >>> 0
  const type = word >>> 24
  const query = (v4 ? [0, 8, 13, 14, 15, 16, 17, 18] : [128, 129]).includes(type) && f[P_L4_LENGTH] >= 8
  const fraction = String(o.nanoseconds).padStart(9, '0').slice(0, o.digits)
  const line = {
    frame: o.frame,
    time: '@time@',
    src: ip ? addressText(f, P_SRC, f[P_FAMILY]) : null,
    dst: ip ? addressText(f, P_DST, f[P_FAMILY]) : null,
    proto: ip && protocol >= 0 ? protocolName(protocol) : null,
    sport: ports ? word >>> 16 : null,
    dport: ports ? word & 0xffff : null,
    length: o.wireLength,
    ctstate: CTSTATE_NAMES[o.state],
    ctdir: [null, 'original', 'reply'][o.direction + 1],
    hook: o.hook < 0 ? null : HOOK_NAMES[o.hook],
    verdict: VERDICT_NAMES[o.verdict],
    rule: o.rule?.record ?? null,
    target: o.rule?.target || null,
    line: o.rule?.line ?? null,
    reason: reasonText(o.reason, o.reasonA, o.reasonB, o.reasonFrame),
    note: NOTE_NAMES[o.note],
    ...(o.connectionNumber > 0 && { connection: o.connectionNumber }),
    ...(icmp && { icmpType: type, icmpCode: (word >>> 16) & 255 }),
    ...(icmp && query && { icmpId: word & 0xffff }),
    ...(o.possibleVerdicts !== 0 && {
      possible: VERDICT_NAMES.filter((name, code) => name !== null && (o.possibleVerdicts >> code) & 1),
    }),
    ...(o.unknownText !== null && { unknown: o.unknownText }),
    ...(o.reasonFrame > 0 && { reasonFrame: o.reasonFrame }),
    ...(o.dropHook >= 0 && { dropHook: HOOK_NAMES[o.dropHook] }),
    ...(o.assumesFrame > 0 && { assumesFrame: o.assumesFrame }),
    ...(o.fragmentCount > 0 && { fragments: [...o.fragments].slice(0, o.fragmentCount) }),
    ...(captures.length > 1 && { file: captures[o.file], fileFrame: o.fileFrame }),
  }
  return JSON.stringify(line).replace('"@time@"', `${o.epochSeconds}${o.digits === 0 ? '' : `.${fraction}`}`)
}

const anyWord = fc.integer({ min: -0x80000000, max: 0x7fffffff })
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 3000, maxLength: 5000 }))
const anyRule = fc.record({ id: fc.nat(300), family: fc.constantFrom('ipv4' as const, 'ipv6' as const) }).map((r) =>
  rule({
    ...r,
    record: `filter:chain "${r.id}" \u{1F525}${r.family}:rule:${r.id}`,
    target: r.id % 5 === 0 ? '' : `T${r.id}`,
    line: r.id + 1,
  }),
)

const anyOutcome = fc
  .record({
    frame: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fileFrame: fc.nat(),
    file: fc.nat(1),
    epochSeconds: fc.oneof(fc.nat(2_000_000_000), fc.nat(Number.MAX_SAFE_INTEGER)),
    nanoseconds: fc.nat(999_999_999),
    digits: fc.nat(9),
    wireLength: fc.nat(262_144),
    note: fc.nat(NOTE_NAMES.length - 1),
    state: fc.nat(5),
    direction: fc.integer({ min: -1, max: 1 }),
    hook: fc.constantFrom(-1, 1, 2, 3),
    dropHook: fc.integer({ min: -1, max: 4 }),
    verdict: fc.nat(4),
    rule: fc.option(anyRule),
    possibleVerdicts: fc.constantFrom(0, 2, 6, 14, 22),
    reason: fc.constantFrom(0, 0, 2, 5, 12, 16, 21, 33),
    reasonA: fc.nat(),
    reasonB: fc.nat(),
    reasonFrame: fc.nat(9),
    unknownText: fc.option(anyText),
    connectionNumber: fc.nat(),
    assumesFrame: fc.nat(3),
    fragments: fc.array(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { maxLength: 3 }),
    family: fc.constantFrom(0, 4, 6),
    protocol: fc.oneof(fc.integer({ min: -1, max: 255 }), fc.constantFrom(1, 6, 17, 58)),
    fragment: fc.constantFrom(0, 0, 0x4000, 0x2000, 5),
    l4Length: fc.constantFrom(0, 3, 4, 8, 100),
    words: fc.array(fc.oneof(anyWord, fc.constantFrom(0, 0xffff, 0x10000)), { minLength: 9, maxLength: 9 }),
  })
  .map(({ family, protocol, fragment, fragments, l4Length, words, ...rest }) => {
    const made = Object.assign(outcome({ src: '1.2.3.4', dst: '4.3.2.1' }), rest)
    made.fragments = Float64Array.from(fragments)
    made.fragmentCount = fragments.length
    const { fields } = made
    fields[P_FAMILY] = family
    fields[P_PROTOCOL] = protocol
    fields[P_FRAGMENT] = fragment
    fields[P_L4_OFFSET] = 34
    fields[P_L4_LENGTH] = l4Length
    fields.set(words, P_SRC)
    return made
  })

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
})

function bytesText(words: Int32Array): string {
  const writer = new ByteWriter(new Uint8Array(64))
  return new TextDecoder().decode(writer.bytes.subarray(0, writer.ipv6(0, words, 0)))
}
