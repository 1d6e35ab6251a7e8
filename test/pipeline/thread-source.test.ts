import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { FRAME_FILE, FRAME_INTS, FRAME_NANOSECONDS } from '../../src/capture/frame-batch.ts'
import type { PacketSource } from '../../src/pipeline/packet-source.ts'
import {
  CHECKSUM_GOOD,
  CHECKSUM_UNVERIFIED,
  P_CHECKSUM,
  P_SRC,
  P_TTL,
  PACKET_INTS,
} from '../../src/wire/packet-fields.ts'
import { buildProgram } from '../support/built-program.ts'
import { fileWriter } from '../support/files.ts'
import { udp } from '../support/packets.ts'
import { pcap } from '../support/pcap.ts'

const { folder, dist, main, load, remove } = buildProgram()
const written = fileWriter(folder)
const { openPackets, CaptureError } = await load()
afterAll(remove)

/** More frames than the ring holds. */
const FRAMES = 40_000
const frames = Array.from({ length: FRAMES }, (_, i) => ({
  bytes: udp(`10.0.${i >> 8}.${i & 255}:1000>10.9.9.9:53`),
  time: i / 1000,
}))
const whole = pcap(frames)
const capture = written('many.pcap', whole)
const half = written('half.pcap', whole.subarray(0, whole.length / 2 + 7))

/** A digest of every frame: when, from which file, and the fields of its headers; and what was known at each batch. */
async function contents(source: PacketSource): Promise<{ frames: string[]; problems: unknown; files: unknown }> {
  const frames: string[] = []
  for (;;) {
    const batch = await source.next()
    if (batch === null) break
    for (let i = 0; i < batch.count; i++) {
      const time = [batch.seconds[i], batch.info[i * FRAME_INTS + FRAME_NANOSECONDS]]
      const row = batch.rows.subarray(i * PACKET_INTS + P_TTL, i * PACKET_INTS + P_SRC + 1)
      frames.push([batch.info[i * FRAME_INTS + FRAME_FILE], ...time, ...row].join())
    }
  }
  source.close()
  return { frames, problems: source.problems, files: source.files }
}

describe('a source with a thread', () => {
  it.each([
    ['one capture', [capture]],
    ['one that ends early', [half]],
    ['several', [half, capture]],
  ])('gives what one without gives: %s', async (_, paths) => {
    const here = await contents(await openPackets(paths, { threads: 1 }))
    expect(here.frames.length).toBeGreaterThan(FRAMES / 3)
    expect(await contents(await openPackets(paths, { threads: 2 }))).toEqual(here)
  })

  it('waits when nobody takes, and loses nothing', async () => {
    const source = await openPackets([capture], { threads: 2 })
    await sleep(200)
    const first = await source.next()
    const count = first?.count ?? 0
    expect(first?.rows[P_SRC]).toBe(0x0a000000)
    expect(source.bytesRead).toBeLessThan(whole.length)
    expect((await contents(source)).frames).toHaveLength(FRAMES - count)
  })

  it('knows how far it is by what was given, not by what was read ahead', async () => {
    const source = await openPackets([half], { threads: 2 })
    await source.next()
    await sleep(100)
    expect(source.problems).toEqual([])
    expect(source.files[0].frames).toBeLessThan(FRAMES / 2)
    expect(source.bytesTotal).toBe(whole.length / 2 + 7)
    for (let batch = await source.next(); batch !== null; batch = await source.next());
    expect(source.problems).toMatchObject([{ fatal: true, afterFrame: source.files[0].frames }])
    expect(source.bytesRead).toBe(source.bytesTotal)
    source.close()
  })

  it('verifies checksums from the beginning, until they are not wanted any more', async () => {
    const source = await openPackets([capture], { threads: 2 })
    const first = await source.next()
    expect([source.wantsChecksums, first?.rows[P_CHECKSUM]]).toEqual([true, CHECKSUM_GOOD])
    source.wantsChecksums = false
    let last = -1
    for (let batch = await source.next(); batch !== null; batch = await source.next()) last = batch.rows[P_CHECKSUM]
    expect([source.wantsChecksums, last]).toEqual([false, CHECKSUM_UNVERIFIED])
    source.close()
  })

  it('says what cannot be opened by an error of the same class', async () => {
    const refused = await openPackets(['/nonexistent/a.pcap'], { threads: 2 }).catch((error) => error)
    expect(refused).toBeInstanceOf(CaptureError)
    expect(refused.message).toBe('/nonexistent/a.pcap: no such file')
  })

  it('is through once it is closed, also for those who wait', async () => {
    const source = await openPackets([capture], { threads: 2 })
    await source.next()
    source.close()
    expect(await source.next()).toBeNull()
  })
})

/** Runs a module's text in a process of its own, with `openPackets`, and gives what it prints. */
function printed(text: string, from = dist): { status: number | null; stdout: string; stderr: string } {
  const module = `import { openPackets } from '${pathToFileURL(join(from, 'index.js'))}'\n${text}`
  const options = { encoding: 'utf8', timeout: 30_000 } as const
  return spawnSync(process.execPath, ['--input-type=module', '-e', module], options)
}

describe('a process', () => {
  const open = `const source = await openPackets(['${capture}'], { threads: 2 })\n`

  it.each([
    ['left half-read', 'await source.next()'],
    ['closed half-read', 'await source.next(); source.close()'],
    ['read to its end', 'while (await source.next());'],
    ['never read', ''],
  ])('ends by itself with a source %s', (_, text) => {
    expect(printed(`${open}${text}\nconsole.log('done')`)).toEqual(
      expect.objectContaining({ status: 0, stdout: 'done\n', stderr: '' }),
    )
  })

  it.each([
    ['at its start', () => 'process.exit(7)'],
    ['before the first packet', (text: string) => text.replace('ring.publish(', 'process.exit(7); ring.publish(')],
    ['later', (text: string) => text.replace('ring.publish(', 'if (told++ > 3) process.exit(7); ring.publish(')],
  ])('hears that the thread has died %s', (when, changed) => {
    const broken = join(folder, when)
    cpSync(dist, join(broken, 'dist'), { recursive: true })
    cpSync(join(folder, 'build/package.json'), join(broken, 'package.json'))
    symlinkSync(join(folder, 'build/node_modules'), join(broken, 'node_modules'))
    const entry = join(broken, 'dist/cli/capture-thread.cjs')
    writeFileSync(entry, changed(readFileSync(entry, 'utf8')))
    const text = `try { ${open} while (await source.next()); } catch (error) { console.log(error.name, error.message) }`
    expect(printed(text, join(broken, 'dist')).stdout).toBe(
      'CaptureError the thread that reads the capture has died: exit code 7 (--threads 1)\n',
    )
  })
})

describe('the command with a thread', () => {
  const live = ['--mode', 'router', '--checksum', 'verify', '--ndjson', '-', '--threads', '2']

  it('says what came by a pipe before more comes', async () => {
    const child = spawn(process.execPath, [main, '-', ...live], { stdio: ['pipe', 'pipe', 'ignore'] })
    let lines = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      lines += text
    })
    const end = 24 + 3 * (16 + frames[0].bytes.length)
    child.stdin.write(whole.subarray(0, end))
    while (lines.split('\n').length <= 3) await once(child.stdout, 'data')
    child.stdin.write(whole.subarray(end, end + 16 + frames[0].bytes.length))
    while (lines.split('\n').length <= 4) await once(child.stdout, 'data')
    child.stdin.end()
    expect(await once(child, 'close')).toEqual([0, null])
  })

  it('ends at once when it is interrupted while the thread waits for room', async () => {
    // Nobody reads the lines, so the replay stands still, and so does the thread.
    const child = spawn(process.execPath, [main, capture, ...live], { stdio: ['ignore', 'pipe', 'pipe'] })
    let report = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      report += text
    })
    child.stdout.pause()
    await once(child.stdout, 'readable')
    child.kill('SIGINT')
    child.stdout.resume()
    expect(await once(child, 'close')).toEqual([130, null])
    expect(report).toContain('Interrupted')
  })

  it('ends when nobody reads its lines any more', () => {
    const line = `"${process.execPath}" "${main}" "${capture}" ${live.join(' ')} | head -1 >/dev/null; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8', timeout: 30_000 })
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' })
  })
})
