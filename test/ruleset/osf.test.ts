import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseFingerprints } from '../../src/ruleset/index.ts'
import { mss, nop, sackPermitted, type TcpOptions, tcp, timestamps, udp, wscale } from '../support/packets.ts'
import { chainOf, differences, matchedByUs, oracle } from './matched-rules.ts'

const PATH = '192.0.2.1:1000>198.51.100.2:80'
/** The kernel has one list for all namespaces: the genres are of this process. */
const genre = (name: string): string => `${name}${process.pid}`
const FILE = [
  '# comment',
  '',
  `S4:64:1:60:M*,S,T,N,W7:${genre('Mss')}:2.6::a multiple of the MSS`,
  `T3:64:1:60:M1460,S,T,N,W0:  ${genre('Mtu')}:1::of the MTU`,
  `%512:64:1:60:M*,S,T,N,W*:@${genre('Multiple')}:1::of a number`,
  `*:128:1:48:M*,N,N,S:*${genre('Any')}:XP::any window`,
  `65535:128:1:48:M*,N,N,S:${genre('Plain')}:XP::this window`,
  `0:255:0:40:.:${genre('Bare')}:1::without options`,
  `16384:64:0:44:M*:${genre('Short')}:1::`,
  `16384:64:0:44:M*:${genre('Short')}:2::the same again`,
  `8192:64:0:48:M*,?12,N,N,E,N:${genre('Odd')}:1::`,
  `x:64:0:52:S,M*,W,N,N,N:${genre('Long')}${'x'.repeat(40)}:1::`,
].join('\n')
const PRINTS = parseFingerprints(`${FILE}\n`, 'pf.os')
const GENRES = [...new Set(PRINTS.map((print) => print.genre))]

const linux = [mss(1460), sackPermitted(), timestamps(1, 0), nop(), wscale(7)]
const windows = [mss(1400), nop(), nop(), sackPermitted()]
const syn = (options: TcpOptions, flags = 'S'): Uint8Array => tcp(PATH, flags, options)
const PACKETS = [
  syn({ ttl: 65, df: true, window: 4 * 1460, options: linux }),
  syn({ ttl: 64, df: true, window: 4 * 1460, options: linux }),
  syn({ ttl: 66, df: true, window: 4 * 1460, options: linux }),
  syn({ ttl: 65, window: 4 * 1460, options: linux }),
  syn({ ttl: 65, df: true, window: 4 * 1448, options: linux }),
  syn({ ttl: 65, df: true, window: 4 * 1400, options: [mss(1400), ...linux.slice(1)] }),
  syn({ ttl: 65, df: true, window: 3 * 1500, options: linux }),
  syn({ ttl: 65, df: true, window: 3 * 1440, options: [mss(1400), ...linux.slice(1)] }),
  syn({ ttl: 65, df: true, window: 5120, options: linux }),
  syn({ ttl: 65, df: true, window: 0, options: linux }),
  syn({ ttl: 65, df: true, window: 5120, options: linux, data: 'x' }),
  syn({ ttl: 65, df: true, window: 5120, options: linux }, 'SA'),
  syn({ ttl: 65, df: true, window: 5120, options: linux }, 'SE'),
  syn({ ttl: 65, df: true, window: 5120, options: linux }, 'A'),
  syn({ ttl: 65, df: true, window: 5120, options: [sackPermitted(), mss(1460), ...linux.slice(2)] }),
  syn({ ttl: 129, df: true, window: 65535, options: windows }),
  syn({ ttl: 129, df: true, window: 1, options: windows }),
  syn({ ttl: 20, df: true, window: 65535, options: windows }),
  syn({ ttl: 200, df: true, window: 65535, options: windows }),
  syn({ ttl: 255, window: 7 }),
  syn({ ttl: 65, window: 16384, options: [mss(536)] }),
  syn({ ttl: 65, window: 8192, options: [mss(536), nop(), nop(), [0], nop()] }),
  syn({ ttl: 65, window: 8192, options: [sackPermitted(), mss(536), wscale(3), nop(), nop(), nop()] }),
  udp(PATH),
]
const asks = (options: string): string => `-p tcp -m osf ${options}`
const RULES = [
  ...GENRES.map((name) => asks(`--genre ${name}`)),
  ...GENRES.flatMap((name) => [0, 1, 2].map((ttl) => asks(`--genre ${name} --ttl ${ttl}`))),
  ...['Mss', 'Plain'].map((name) => asks(`! --genre ${genre(name)}`)),
  asks(`--genre ${genre('Mss')} --log 0`),
  asks(`--genre Nobody --log 1 --ttl 2`),
  asks('--genre Nobody'),
]

const noLoader = spawnSync('nfnl_osf', ['-h']).error ? 'skipped: no nfnl_osf' : ''
const skipped = oracle.available ? noLoader : `skipped: ${oracle.why}`

describe.skipIf(skipped !== '')(`fingerprints, as the kernel knows them ${skipped}`, { retry: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-osf-'))
  const file = join(folder, 'pf.os')
  beforeAll(() => {
    writeFileSync(file, `${FILE}\n`)
    expect(spawnSync('nfnl_osf', ['-f', file]).status).toBe(0)
  })
  afterAll(() => {
    spawnSync('nfnl_osf', ['-d', '-f', file])
    rmSync(folder, { recursive: true })
  })

  test.each(['mangle:PREROUTING', 'filter:FORWARD'])('%s', async (place) => {
    const [table, chain] = place.split(':')
    const text = chainOf(table, chain, RULES)
    expect(await differences('ipv4', text, PACKETS, { fingerprints: PRINTS })).toEqual([])
    expect(new Set(matchedByUs('ipv4', text, PACKETS, { fingerprints: PRINTS }).flat()).size).toBeGreaterThan(15)
  })

  test('generated SYNs', async () => {
    const option = fc.constantFrom(mss(1460), mss(1400), nop(), sackPermitted(), wscale(7), timestamps(1, 0), [0])
    const packet = fc.record({
      ttl: fc.constantFrom(64, 65, 128, 129, 255),
      df: fc.boolean(),
      window: fc.constantFrom(5840, 4500, 5792, 65535, 16384, 8192, 512, 1),
      options: fc.oneof(fc.constantFrom(linux, windows, [mss(536)], []), fc.array(option, { maxLength: 6 })),
    })
    const packets = fc
      .sample(packet, { numRuns: 400, seed: Number(process.env.CTREPLAY_SEED ?? 1) })
      .map((one) => syn(one))
    expect(await differences('ipv4', chainOf('mangle', 'FORWARD', RULES), packets, { fingerprints: PRINTS })).toEqual(
      [],
    )
  })
})

describe('fingerprints', () => {
  const rules = chainOf('mangle', 'PREROUTING', [asks(`--genre ${genre('Mss')} --ttl 2`)])
  const fingerprints = PRINTS

  test('a packet that was cut before the options stays unknown, unless its length tells', () => {
    expect(matchedByUs('ipv4', rules, PACKETS.slice(0, 1), { fingerprints, captured: 40 })).toEqual([
      ['mangle:PREROUTING:1?'],
    ])
    expect(matchedByUs('ipv4', rules, PACKETS.slice(15, 16), { fingerprints, captured: 40 })).toEqual([[]])
  })

  test('none were loaded', () => {
    expect(matchedByUs('ipv4', rules, PACKETS.slice(0, 1), { fingerprints: [] })).toEqual([[]])
  })

  test.each([
    ['65535:64:1:48:M*:Linux:1:', 'pf.os:2:1: a fingerprint has 8 colons'],
    ['%0:64:1:48:M*:Linux:1::', 'pf.os:2:1: "%0" is a multiple of nothing'],
    [`0:64:1:48:${'T,'.repeat(5)}:Linux:1::`, 'pf.os:2:11: options of 50 bytes'],
  ])('%s is refused', (line, message) => {
    expect(() => parseFingerprints(`# x\n${line}\n`, 'pf.os')).toThrow(message)
  })
})
