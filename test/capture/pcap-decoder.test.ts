import { describe, expect, it } from 'vitest'
import { bytes, payload, pcapFile, pcapHeader, pcapRecord, readBytes, u32 } from '../support/captures.ts'

const frame = { seconds: 1_700_000_000, fraction: 123_456, data: payload(60) }

describe('pcap', () => {
  for (const littleEndian of [true, false]) {
    const order = littleEndian ? 'little-endian' : 'big-endian'

    it(`reads microseconds, ${order}`, async () => {
      const { frames, problems, format } = await readBytes(pcapFile([frame], { littleEndian }))
      expect(frames).toMatchObject([
        { time: '1700000000.123456000', captured: 60, wireLength: 60, digits: 6, linkType: 1 },
      ])
      expect(problems).toEqual([])
      expect(format).toBe(`pcap, microseconds, ${order}`)
    })

    it(`reads nanoseconds, ${order}`, async () => {
      const { frames } = await readBytes(pcapFile([frame], { littleEndian, magic: 0xa1b23c4d }))
      expect(frames).toMatchObject([{ time: '1700000000.000123456', digits: 9 }])
    })

    it(`reads Kuznetzov's longer record headers, ${order}`, async () => {
      const two = [frame, { ...frame, data: payload(33, 1) }]
      const { frames } = await readBytes(pcapFile(two, { littleEndian, magic: 0xa1b2cd34 }))
      expect(frames.map((read) => read.captured)).toEqual([60, 33])
      expect(frames[1].data).toBe(Buffer.from(payload(33, 1)).toString('hex'))
    })
  }

  it('reads IXIA files, whose header has four bytes more', async () => {
    const content = bytes(pcapHeader({ magic: 0x1c0001ac }), u32(76), pcapRecord(frame))
    const { frames } = await readBytes(content)
    expect(frames).toMatchObject([{ time: '1700000000.123456000', captured: 60 }])
  })

  it('masks the FCS length above the link type', async () => {
    const { frames } = await readBytes(pcapFile([frame], { linkType: 0x24000071 }))
    expect(frames[0].linkType).toBe(113)
  })

  it('swaps the lengths of version 2.2', async () => {
    const record = bytes(u32(1), u32(2), u32(100), u32(60), payload(60))
    const { frames } = await readBytes(bytes(pcapHeader({ minor: 2 }), record))
    expect(frames).toMatchObject([{ captured: 60, wireLength: 100 }])
  })

  it('carries microseconds of a second and more into the seconds', async () => {
    const { frames } = await readBytes(pcapFile([{ ...frame, seconds: 1, fraction: 2_000_001 }]))
    expect(frames[0].time).toBe('3.000001000')
  })

  it('takes a wire length below the captured length for the captured length', async () => {
    const { frames } = await readBytes(pcapFile([{ ...frame, wireLength: 40 }]))
    expect(frames).toMatchObject([{ captured: 60, wireLength: 60 }])
  })

  it('keeps times after 2038', async () => {
    const { frames } = await readBytes(pcapFile([{ ...frame, seconds: 0xfffffff0 }]))
    expect(frames[0].time).toBe('4294967280.123456000')
  })

  it('reads a frame of the largest size, and refuses one byte more', async () => {
    const largest = pcapFile([frame, { ...frame, data: payload(262_144) }, frame])
    expect((await readBytes(largest)).frames.map((read) => read.captured)).toEqual([60, 262_144, 60])
    const tooLarge = pcapFile([frame, { ...frame, data: payload(262_145) }, frame])
    const { frames, problems } = await readBytes(tooLarge)
    expect(frames).toHaveLength(1)
    expect(problems).toMatchObject([{ byteOffset: 100, afterFrame: 1, fatal: true }])
    expect(problems[0].message).toContain('262145 bytes')
  })

  it('goes on with another capture that follows, of any dialect, and says where', async () => {
    const later = { seconds: 1_800_000_000, fraction: 7, data: payload(50, 1) }
    const others = [0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34].flatMap((magic) =>
      [true, false].map((littleEndian) => ({ magic, littleEndian, linkType: 113 })),
    )
    const first = pcapFile([frame, frame])
    for (const other of others) {
      const { frames, problems } = await readBytes(bytes(first, pcapFile([later], other), pcapFile([frame])))
      expect(frames.map(({ linkType }) => linkType)).toEqual([1, 1, 113, 1])
      expect(frames[2]).toMatchObject({
        captured: 50,
        time: `1800000000.${other.magic === 0xa1b23c4d ? '000000007' : '000007000'}`,
      })
      expect(problems).toMatchObject([
        {
          byteOffset: first.length,
          afterFrame: 2,
          fatal: false,
          message: expect.stringMatching(/^another capture begins here/),
        },
        { afterFrame: 3, fatal: false },
      ])
    }
  })

  it('finds another capture in small batches, where bytes come slowly, and where nothing follows', async () => {
    const content = bytes(
      pcapHeader(),
      pcapFile([frame]),
      bytes(pcapHeader({ magic: 0x1c0001ac }), u32(76)),
      pcapRecord(frame),
    )
    for (const capacity of [1, 2, 7]) {
      for (const sizes of [[1], [17, 3], [100_000]]) {
        const { frames, problems } = await readBytes(content, { capacity, sizes })
        expect(frames).toHaveLength(2)
        expect(problems.map(({ byteOffset, afterFrame }) => [byteOffset, afterFrame])).toEqual([
          [24, 0],
          [124, 1],
        ])
      }
    }
    const cut = await readBytes(content.subarray(0, 124 + 20))
    expect(cut.frames).toHaveLength(1)
    expect(cut.problems.at(-1)).toMatchObject({ byteOffset: 124, afterFrame: 1, fatal: true })
  })

  it('keeps a record whose time looks like a file header', async () => {
    const alike = { seconds: 0xa1b2c3d4, fraction: 0x00040002, data: payload(60) }
    const { frames, problems } = await readBytes(pcapFile([frame, alike, frame]))
    expect(frames.map(({ time }) => time)).toEqual([
      '1700000000.123456000',
      '2712847316.262146000',
      '1700000000.123456000',
    ])
    expect(problems).toEqual([])
  })

  it('says where a file is cut inside a frame', async () => {
    const { frames, problems } = await readBytes(pcapFile([frame, frame]).subarray(0, 24 + 76 + 16 + 20))
    expect(frames).toHaveLength(1)
    expect(problems).toEqual([
      {
        file: 'capture',
        byteOffset: 100,
        afterFrame: 1,
        message: 'the capture ends inside a record, with 20 bytes of its frame',
        fatal: true,
      },
    ])
  })

  it('says where a file is cut inside a record header', async () => {
    const { problems } = await readBytes(pcapFile([frame, frame]).subarray(0, 24 + 76 + 7))
    expect(problems).toMatchObject([
      { byteOffset: 100, message: 'the capture ends inside a record header, 7 of 16 bytes' },
    ])
  })

  it('reads a capture without frames', async () => {
    expect(await readBytes(pcapHeader())).toMatchObject({ frames: [], problems: [] })
  })

  it('fills small batches one after the other', async () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ ...frame, data: payload(index) }))
    const { frames } = await readBytes(pcapFile(many), { capacity: 7 })
    expect(frames.map((read) => read.captured)).toEqual(many.map((_, index) => index))
  })
})
