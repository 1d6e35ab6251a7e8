import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FrameBatch } from '../../src/capture/frame-batch.ts'
import { openCapture } from '../../src/capture/open-capture.ts'
import { payload, pcapFile, readAll } from '../support/captures.ts'
import { temporaryFolder } from '../support/files.ts'

/** Of this process, one by one (Linux). */
const OPEN_FILES = '/proc/self/fd'

const folder = temporaryFolder()

/** Writes a capture with frames at the given microseconds, and gives its path. */
function capture(name: string, times: readonly number[]): string {
  const path = join(folder, name)
  const frames = times.map((time, index) => ({
    seconds: Math.floor(time / 1e6),
    fraction: time % 1e6,
    data: payload(20 + (index % 50), index),
  }))
  writeFileSync(path, pcapFile(frames))
  return path
}

async function merged(paths: readonly string[], capacity = 2048): Promise<[number, string][]> {
  const frames = await readAll(await openCapture(paths), capacity)
  return frames.map((frame) => [frame.file, frame.time.replace(/000$/, '')])
}

describe('several captures', () => {
  it('are merged by time', async () => {
    const a = capture('a', [1, 3, 5])
    const b = capture('b', [2, 4, 6])
    expect((await merged([a, b])).map(([file]) => file)).toEqual([0, 1, 0, 1, 0, 1])
  })

  it('keep the order in which they were named where times are equal', async () => {
    const a = capture('a', [1, 1, 2])
    const b = capture('b', [1, 2, 2])
    expect(await merged([b, a])).toEqual([
      [0, '0.000001'],
      [1, '0.000001'],
      [1, '0.000001'],
      [0, '0.000002'],
      [0, '0.000002'],
      [1, '0.000002'],
    ])
  })

  it('keep the order of a capture whose clock runs backwards', async () => {
    const a = capture('a', [10, 2, 12])
    const b = capture('b', [5, 11])
    expect(await merged([a, b])).toEqual([
      [1, '0.000005'],
      [0, '0.000010'],
      [0, '0.000002'],
      [1, '0.000011'],
      [0, '0.000012'],
    ])
  })

  it('give the same frames as each of them alone, through batches of any size', async () => {
    const times = (seed: number) => Array.from({ length: 3000 }, (_, index) => index * 10 + ((index * seed) % 7))
    const paths = [
      capture('a', times(3)),
      capture('b', times(5)),
      capture('c', times(1).slice(0, 100)),
      capture('d', []),
    ]
    const alone = await Promise.all(paths.map(async (path) => readAll(await openCapture([path]))))
    for (const capacity of [1, 100, 2048]) {
      const reader = await openCapture(paths)
      const all = await readAll(reader, capacity)
      paths.forEach((_, file) => {
        const own = all.filter((frame) => frame.file === file).map((frame) => ({ ...frame, file: 0 }))
        expect(own).toEqual(alone[file])
      })
      expect(reader.files.map((info) => info.frames)).toEqual([3000, 3000, 100, 0])
      expect(reader.bytesRead).toBe(reader.bytesTotal)
    }
  })

  it('begin in the middle of others, in the place of their first frame', async () => {
    const a = capture('a', [1, 3, 5, 7, 9])
    const b = capture('b', [4, 5])
    const c = capture('c', [9, 10])
    const d = capture('d', [5])
    expect((await merged([c, b, a, d])).map(([file, time]) => `${file} ${time.slice(-2)}`)).toEqual([
      '2 01',
      '2 03',
      '1 04',
      '1 05',
      '2 05',
      '3 05',
      '2 07',
      '0 09',
      '2 09',
      '0 10',
    ])
  })

  it.skipIf(!existsSync(OPEN_FILES))(`are open only while they are read (skipped without ${OPEN_FILES})`, async () => {
    const paths = Array.from({ length: 300 }, (_, n) => capture(`one-${n}`, [1000 * n, 1000 * n + 999]))
    const before = readdirSync(OPEN_FILES).length
    const reader = await openCapture(paths)
    const batch = new FrameBatch()
    let frames = 0
    let most = 0
    while (await reader.read(batch)) {
      frames += batch.count
      most = Math.max(most, readdirSync(OPEN_FILES).length - before)
    }
    expect([frames, most <= 2]).toEqual([600, true])
    expect(reader.files.map((info) => info.frames)).toEqual(paths.map(() => 2))
    expect(reader.bytesRead).toBe(reader.bytesTotal)
  })

  it('that are gone when their turn comes are said to be, and the others are read', async () => {
    const [a, b, c] = [capture('a', [1]), capture('b', [2]), capture('c', [3])]
    const reader = await openCapture([a, b, c])
    rmSync(b)
    expect((await readAll(reader)).map(({ file }) => file)).toEqual([0, 2])
    expect(reader.problems).toEqual([
      {
        file: b,
        byteOffset: 0,
        afterFrame: 0,
        message: `it could be opened at first, but not when its turn came (${b}: no such file)`,
        fatal: true,
      },
    ])
  })

  it('have their damage told once', async () => {
    const whole = pcapFile([{ seconds: 1, fraction: 0, data: payload(20, 1) }])
    const cut = join(folder, 'cut')
    const empty = join(folder, 'cut-before-its-first-frame')
    writeFileSync(cut, Buffer.concat([whole, whole.subarray(24, 45)]))
    writeFileSync(empty, whole.subarray(0, 30))
    const reader = await openCapture([cut, capture('a', [1]), empty])
    expect((await readAll(reader)).map(({ file }) => file)).toEqual([1, 0])
    expect(reader.problems.map(({ file }) => file).toSorted()).toEqual([cut, empty].toSorted())
  })
})
