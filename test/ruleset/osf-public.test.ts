import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseFingerprints } from '../../src/ruleset/index.ts'
import { mss, nop, sackPermitted, type TcpOptions, tcp, timestamps, wscale } from '../support/packets.ts'
import { chainOf, differences, matchedByUs, oracle } from './matched-rules.ts'

/** The public list of fingerprints, whole: from iptables or nftables, where this machine has it. */
const LISTS = [
  '/etc/xtables/pf.os',
  '/usr/share/xtables/pf.os',
  '/etc/nftables/osf/pf.os',
  '/usr/share/doc/nftables/examples/pf.os',
]
const found = LISTS.find((path) => existsSync(path))
const noLoader = spawnSync('nfnl_osf', ['-h']).error ? 'skipped: no nfnl_osf' : ''
const noList = found === undefined ? 'skipped: no pf.os' : ''
const skipped = oracle.available ? noLoader || noList : `skipped: ${oracle.why}`

/** The kernel has one list for all namespaces: the genres are of this process. */
function withOwnGenres(list: string): string {
  const lines = list.split('\n').map((line) => {
    const fields = line.split(':')
    if (line.startsWith('#') || fields.length < 9) return line
    fields[5] = `${fields[5].trim()}.${process.pid}`
    return fields.join(':')
  })
  return `${lines.join('\n')}\n`
}

/** The option that a word of a fingerprint stands for: `M*`, `W7`, `T0`. */
function optionOf(word: string, segment: number): number[] {
  const value = Number.parseInt(word.slice(1).replace('%', ''), 10) || 0
  switch (word.charAt(0)) {
    case 'M':
      return mss(value || segment)
    case 'W':
      return wscale(value)
    case 'S':
      return sackPermitted()
    case 'T':
      return timestamps(value, 0)
    case 'E':
      return [0]
    default:
      return nop()
  }
}

/** SYNs that have a fingerprint, and some that almost do. */
function synsOf(line: string): Uint8Array[] {
  const [window, ttl, dontFragment, , options] = line.split(':').map((field) => field.trim())
  const words = options.split(',').filter((word) => /^[MWSTNE]/.test(word))
  const number = Number.parseInt(window.replace(/^\D/, ''), 10) || 0
  return [1460, 1400].flatMap((segment) => {
    const made = words.map((word) => optionOf(word, segment))
    const asked = made.find(([kind]) => kind === 2)
    const has = asked === undefined ? 0 : (asked[2] << 8) | asked[3]
    const factor = { S: has, T: has + 40, '%': 3 }[window.charAt(0)] ?? 1
    const like: TcpOptions = {
      ttl: Number(ttl) % 256,
      df: dontFragment === '1',
      window: (number * factor) % 65_536,
      options: made,
    }
    const near: TcpOptions[] = [
      { window: ((number || 7) * 1448) % 65_536 },
      { ttl: Math.max((like.ttl ?? 64) - 9, 2) },
      { ttl: Math.min((like.ttl ?? 64) + 1, 255) },
      { df: !like.df },
      { options: made.toReversed() },
    ]
    const changes = segment === 1460 ? [{}, ...near] : [{}]
    return changes.map((change) => tcp('192.0.2.1:1000>198.51.100.2:80', 'S', { ...like, ...change }))
  })
}

describe.skipIf(skipped !== '')(`all public fingerprints ${skipped}`, { retry: 2, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-pf-os-'))
  const file = join(folder, 'pf.os')
  const text = withOwnGenres(readFileSync(found ?? file, 'latin1'))
  const fingerprints = parseFingerprints(text, 'pf.os')
  const genres = [...new Set(fingerprints.map(({ genre }) => genre))]
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && line.split(':').length > 8)
  const packets = lines.flatMap(synsOf)

  beforeAll(() => {
    writeFileSync(file, text)
    expect(spawnSync('nfnl_osf', ['-f', file]).status).toBe(0)
  })
  afterAll(() => {
    spawnSync('nfnl_osf', ['-d', '-f', file])
    rmSync(folder, { recursive: true })
  })

  test('the list is read whole', () => {
    expect(fingerprints).toHaveLength(lines.length)
    expect(lines.length).toBeGreaterThan(200)
    expect(genres.length).toBeGreaterThan(30)
  })

  test.each(['--ttl 0', '--ttl 1', '--ttl 2', '--log 1 --ttl 2', '--log 0'])('--genre of each %s', async (options) => {
    const rules = chainOf(
      'mangle',
      'PREROUTING',
      genres.map((genre) => `-p tcp -m osf --genre "${genre}" ${options}`),
    )
    expect(await differences('ipv4', rules, packets, { fingerprints })).toEqual([])
    const matched = new Set(matchedByUs('ipv4', rules, packets, { fingerprints }).flat())
    expect(matched.size).toBeGreaterThan(genres.length / 2)
  })
})
