import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { SourceDamage } from '../../src/capture/byte-source.ts'
import { StreamSource } from '../../src/capture/stream-source.ts'
import { temporaryFolder } from '../support/files.ts'

const folder = temporaryFolder()
const noFifo = spawnSync('mkfifo', [join(folder, 'probe')]).status === 0 ? '' : '(skipped: there is no mkfifo)'

/** Fits into a pipe, so that writing does not wait. */
const SOME = 5_000

let pipes = 0
let source: StreamSource | null = null

afterEach(() => {
  source?.close()
  source = null
})

/** A pipe with a source at its end, and the descriptor that writes into it. */
function piped(): { source: StreamSource; writer: number } {
  const path = join(folder, `pipe${pipes++}`)
  spawnSync('mkfifo', [path])
  // Opened by the reader first, without waiting for a writer.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, 'w')
  source = StreamSource.ofPipe(descriptor)
  return { source, writer }
}

function numbered(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => ((from + at) * 7919) >> 3)
}

/** The next bytes, read in pieces of no more than that. */
async function take(from: StreamSource, count: number, atOnce: number): Promise<Uint8Array> {
  const target = new Uint8Array(count)
  for (let filled = 0; filled < count; ) {
    const got = await from.read(target, filled, Math.min(atOnce, count - filled))
    if (got === 0) return target.subarray(0, filled)
    filled += got
  }
  return target
}

describe.skipIf(noFifo !== '')(`a pipe ${noFifo}`, () => {
  it('gives what is there without waiting', () => {
    const { source: from, writer } = piped()
    writeSync(writer, numbered(0, SOME))
    const target = new Uint8Array(SOME)
    expect(from.read(target, 0, SOME)).toBe(SOME)
    expect(target).toEqual(numbered(0, SOME))
    expect(from.bytesRead).toBe(SOME)
    closeSync(writer)
  })

  it('is waited for while it is empty', async () => {
    const { source: from, writer } = piped()
    const reading = from.read(new Uint8Array(SOME), 0, SOME)
    expect(reading).toBeInstanceOf(Promise)
    setTimeout(() => writeSync(writer, numbered(0, 100)), 5)
    expect(await reading).toBe(100)
    closeSync(writer)
  })

  it('gives what its stream has read ahead before what is still in it', async () => {
    const { source: from, writer } = piped()
    for (let at = 0; at < 10 * SOME; at += 2 * SOME) {
      // The stream reads whenever the event loop runs and somebody has waited for it.
      const reading = from.read(new Uint8Array(1), 0, 1)
      writeSync(writer, new Uint8Array(1))
      expect(await reading).toBe(1)
      writeSync(writer, numbered(at, SOME))
      await new Promise((resolve) => setTimeout(resolve, 5))
      writeSync(writer, numbered(at + SOME, SOME))
      expect(await take(from, 2 * SOME, 700)).toEqual(numbered(at, 2 * SOME))
    }
    closeSync(writer)
  })

  it('ends with its writer, after its last byte', async () => {
    const { source: from, writer } = piped()
    writeSync(writer, numbered(0, SOME))
    closeSync(writer)
    expect(await take(from, 2 * SOME, SOME)).toEqual(numbered(0, SOME))
    expect(await from.read(new Uint8Array(8), 0, 8)).toBe(0)
  })

  it('ends when it is closed', async () => {
    const { source: from, writer } = piped()
    writeSync(writer, numbered(0, 8))
    from.close()
    expect(await from.read(new Uint8Array(8), 0, 8)).toBe(0)
    closeSync(writer)
  })

  it('that can no longer be read is damage', () => {
    const directory = openSync(folder, 'r')
    const broken = new StreamSource(new Readable({ read() {} }), directory)
    const read = (): unknown => broken.read(new Uint8Array(8), 0, 8)
    expect(read).toThrow(SourceDamage)
    expect(read).toThrow(/^the stream broke off: EISDIR/)
    closeSync(directory)
  })
})
