import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { FrameBatch } from '../../src/capture/frame-batch.ts'
import { openCapture, openSource } from '../../src/capture/open-capture.ts'
import { StreamSource } from '../../src/capture/stream-source.ts'
import { payload, pcapFile, pcapHeader, pcapRecord, readAll, readBytes } from '../support/captures.ts'
import { fileWriter, temporaryFolder } from '../support/files.ts'

const folder = temporaryFolder()
const file = fileWriter(folder)

const frame = { seconds: 1, fraction: 2, data: payload(60) }

describe('what cannot be read is named', () => {
  it('an empty file', () => expect(openCapture([file('a', '')])).rejects.toThrow(/a: it is empty; captures are pcap/))

  it('a missing file', () => expect(openCapture([join(folder, 'none')])).rejects.toThrow(/none: no such file/))

  it('a directory', () => expect(openCapture([folder])).rejects.toThrow(/is a directory; name the capture files/))

  it('a file after a file', () =>
    expect(openCapture([join(file('a', 'x'), 'b')])).rejects.toThrow(/a part of the path is not a directory/))

  it('a ruleset', () =>
    expect(openCapture([file('r', '*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n')])).rejects.toThrow(
      /give them with --rules/,
    ))

  it('what other programs compressed', async () => {
    const lz4 = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7)
    await expect(openCapture([file('a', lz4)])).rejects.toThrow(/compressed with lz4, decompress it with lz4 -dc/)
  })

  it.each([
    ['GMBU\0\x02', /in the Network Monitor format, convert it with editcap/],
    ['TRSNIFF data    \x1a', /in the Sniffer format, convert it with editcap/],
    ['07:18:49.102170 IP 192.0.2.10.39666 > 198.51.100.80.80: Flags [S], length 0\n', /tcpdump prints; .* with -w/],
    ['2026-11-21 07:18:49.102170 eth0  In  IP6 ::1.2 > ::1.80: Flags [.]\n', /tcpdump prints; .* with -w/],
    ['\n<!DOCTYPE html><title>404 Not Found</title>', /it is a web page/],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n', /fetch the file itself with git lfs pull/],
  ])('%j', (beginning, said) =>
    expect(openCapture([file('a', Buffer.from(beginning, 'latin1'))])).rejects.toThrow(said),
  )

  it('other bytes', () => expect(openCapture([file('a', 'hello')])).rejects.toThrow(/begins with 68 65 6c 6c 6f;/))

  it('a header that is cut', () =>
    expect(openCapture([file('a', pcapHeader().subarray(0, 20))])).rejects.toThrow(/20 of 24 bytes/))

  it('an unknown version', async () => {
    const header = pcapHeader()
    header[4] = 9
    await expect(openCapture([file('a', header)])).rejects.toThrow(/pcap version 9\.4 is not known/)
  })

  it('standard input twice, or nothing at all', async () => {
    await expect(openCapture(['-', '-'])).rejects.toThrow(/only once/)
    await expect(openCapture([])).rejects.toThrow(/no capture was named/)
  })

  it('one of several: it is damage, and the others are read', async () => {
    const reader = await openCapture([file('none', ''), file('a', pcapFile([frame])), file('b', pcapFile([frame]))])
    const batch = new FrameBatch()
    let frames = 0
    while (await reader.read(batch)) frames += batch.count
    expect(frames).toBe(2)
    expect(reader.problems).toEqual([
      expect.objectContaining({
        byteOffset: 0,
        afterFrame: 0,
        fatal: true,
        message: expect.stringMatching(/^it is empty/),
      }),
    ])
    await expect(openCapture([file('none', ''), file('other', 'hello')])).rejects.toThrow(/none: it is empty/)
  })

  it('the second of two', () =>
    expect(openCapture([file('a', pcapFile([frame])), folder])).rejects.toThrow(/directory/))
})

describe('a pipe', () => {
  it('delivers frames as they come', async () => {
    const pipe = new Readable({ read() {} })
    pipe.push(pcapHeader())
    const reader = await openSource('-', 0, new StreamSource(pipe), [])
    const batch = new FrameBatch()
    for (let count = 1; count <= 3; count++) {
      const record = pcapRecord(frame)
      pipe.push(record.subarray(0, 30))
      const reading = reader.read(batch)
      setImmediate(() => pipe.push(record.subarray(30)))
      expect(await reading).toBe(true)
      expect(batch.count).toBe(1)
    }
    pipe.push(null)
    expect(await reader.read(batch)).toBe(false)
    expect(reader.problems).toEqual([])
  })

  it('that breaks gives what it had given', async () => {
    const pipe = new Readable({ read() {} })
    pipe.push(pcapFile([frame, frame]))
    const reader = await openSource('-', 0, new StreamSource(pipe), [])
    const frames = readAll(reader)
    setTimeout(() => pipe.destroy(new Error('gone')), 10)
    expect(await frames).toHaveLength(2)
    expect(reader.problems).toMatchObject([{ message: 'the stream broke off: gone', afterFrame: 2, fatal: true }])
  })

  it('can be a FIFO with a name', async () => {
    const path = join(folder, 'fifo')
    if (spawnSync('mkfifo', [path]).status !== 0) return
    const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', file('fed', pcapFile([frame, frame, frame])), path])
    expect(await readAll(await openCapture([path]))).toHaveLength(3)
    writer.kill()
  })
})

describe('pcap-parser as the reader', () => {
  const refused = /use the default reader/

  it('refuses what it does not read', async () => {
    const nanoseconds = pcapFile([frame], { magic: 0xa1b23c4d })
    await expect(readBytes(nanoseconds, { reader: 'pcap-parser' })).rejects.toThrow(refused)
    await expect(readBytes(Uint8Array.of(0x1f, 0x8b, 8, 0), { reader: 'pcap-parser' })).rejects.toThrow(refused)
    await expect(readBytes(new Uint8Array(0), { reader: 'pcap-parser' })).rejects.toThrow(refused)
    await expect(readBytes(pcapFile([frame], { minor: 2 }), { reader: 'pcap-parser' })).rejects.toThrow(refused)
  })

  it('does not follow a record of absurd length', async () => {
    const absurd = pcapRecord(frame)
    absurd.fill(0xff, 8, 12)
    const content = Buffer.concat([pcapFile([frame]), absurd, new Uint8Array(50_000_000)])
    const { frames, problems } = await readBytes(content, { reader: 'pcap-parser' })
    expect(frames).toHaveLength(1)
    expect(problems).toMatchObject([{ byteOffset: 100, afterFrame: 1, fatal: true }])
  })

  it('notices a cut file', async () => {
    const content = pcapFile([frame, frame]).subarray(0, 150)
    expect((await readBytes(content, { reader: 'pcap-parser' })).problems).toEqual((await readBytes(content)).problems)
  })
})
