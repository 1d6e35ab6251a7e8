import { describe, expect, it } from 'vitest'
import {
  FRAME_FLAG_INBOUND,
  FRAME_FLAG_NO_TIME,
  FRAME_FLAG_OUTBOUND,
  LINK_TYPE_NONE,
} from '../../src/capture/frame-batch.ts'
import {
  block,
  bytes,
  interfaceBlock,
  option,
  packetBlock,
  payload,
  readBytes,
  sectionHeader,
  u16,
  u32,
  u64,
} from '../support/captures.ts'

const data = payload(61)
const packet = packetBlock({ time: 1_700_000_000_123_456n, data })
const opening = bytes(sectionHeader(), interfaceBlock())

/** One packet on an interface with the given if_tsresol and if_tsoffset. */
function clocked(resolution: number, time: bigint, offset?: bigint): Uint8Array {
  const options = [option(9, Uint8Array.of(resolution))]
  if (offset !== undefined) options.push(option(14, u64(offset)))
  return bytes(
    sectionHeader(),
    interfaceBlock({ options: bytes(...options, option(0, new Uint8Array(0))) }),
    packetBlock({ time, data }),
  )
}

describe('pcapng', () => {
  it('reads an enhanced packet block', async () => {
    const { frames, problems, format } = await readBytes(bytes(opening, packet))
    expect(frames).toEqual([
      {
        time: '1700000000.123456000',
        captured: 61,
        wireLength: 61,
        linkType: 1,
        interface: 0,
        flags: 0,
        digits: 6,
        file: 0,
        data: Buffer.from(data).toString('hex'),
      },
    ])
    expect(problems).toEqual([])
    expect(format).toBe('pcapng')
  })

  it('reads sections of both byte orders, each with its own interfaces', async () => {
    const second = bytes(
      sectionHeader(false),
      interfaceBlock({ linkType: 113 }, false),
      interfaceBlock({ linkType: 101 }, false),
      packetBlock({ interface: 1, time: 5n, data }, false),
    )
    const { frames } = await readBytes(bytes(opening, packet, second))
    expect(frames).toMatchObject([
      { linkType: 1, interface: 0 },
      { linkType: 101, interface: 1, time: '0.000005000', captured: 61 },
    ])
  })

  it('honours decimal and binary clock resolutions exactly', async () => {
    const cases: [number, bigint, string, number][] = [
      [0, 77n, '77.000000000', 0],
      [3, 1_700_000_000_123n, '1700000000.123000000', 3],
      [9, 1_700_000_000_123_456_789n, '1700000000.123456789', 9],
      [9, 0xffff_ffff_ffff_ffffn, '18446744073.709551615', 9],
      [10, 1_700_000_000_123_456_789n, '170000000.012345678', 9],
      [12, 123_456_789_012_345_678n, '123456.789012345', 9],
      [19, 12_345_678_901_234_567_890n, '1.234567890', 9],
      [0x80, 7n, '7.000000000', 0],
      [0x8a, 103_400n, '100.976562500', 4],
      [0xa0, (1_700_000_000n << 32n) | 0xffff_ffffn, '1700000000.999999999', 9],
      [0xa8, (100n << 40n) + 12_345_678n, '100.000011228', 9],
      [0xff, 1n << 63n, '0.000000000', 9],
    ]
    for (const [resolution, time, expected, digits] of cases) {
      const { frames } = await readBytes(clocked(resolution, time))
      expect([frames[0].time, frames[0].digits], `if_tsresol ${resolution}`).toEqual([expected, digits])
    }
  })

  it('adds the offset of the clock, be it negative', async () => {
    expect((await readBytes(clocked(6, 5_000_001n, 1000n))).frames[0].time).toBe('1005.000001000')
    expect((await readBytes(clocked(6, 5_000_001n, -3n))).frames[0].time).toBe('2.000001000')
  })

  it('names an option that runs past its block, and goes on', async () => {
    const resolution = bytes(u16(9), u16(60_000), u32(9))
    const described = interfaceBlock({ options: resolution })
    const direction = packetBlock({ time: 1n, data, options: bytes(u16(2), u16(5), u32(1)) })
    const { frames, problems } = await readBytes(bytes(sectionHeader(), described, packet, direction, packet))
    expect(frames.map(({ time, flags }) => [time, flags])).toEqual([
      ['1700000000.123456000', 0],
      ['0.000001000', 0],
      ['1700000000.123456000', 0],
    ])
    expect(problems).toMatchObject([
      {
        byteOffset: 28 + 16,
        afterFrame: 0,
        fatal: false,
        message: expect.stringContaining('option 9 of a block claims 60000'),
      },
      { byteOffset: 28 + described.length + packet.length + 28 + 64, afterFrame: 1, fatal: false },
    ])
  })

  it('reads options that fill their block, without an end', async () => {
    const resolution = interfaceBlock({ options: bytes(u16(9), u16(1), Uint8Array.of(9, 0, 0, 0)) })
    const marked = packetBlock({ time: 5n, data, options: bytes(u16(2), u16(4), u32(1)) })
    const { frames, problems } = await readBytes(bytes(sectionHeader(), resolution, marked))
    expect(frames).toMatchObject([{ time: '0.000000005', flags: FRAME_FLAG_INBOUND }])
    expect(problems).toEqual([])
  })

  it('reads simple packet blocks, cut to the snap length, without a time', async () => {
    const simple = block(3, bytes(u32(100), payload(20)))
    const { frames } = await readBytes(bytes(sectionHeader(), interfaceBlock({ snapLength: 20 }), packet, simple))
    expect(frames[1]).toMatchObject({ captured: 20, wireLength: 100, flags: FRAME_FLAG_NO_TIME, time: frames[0].time })
  })

  it('reads a simple packet block whose padding is not frame', async () => {
    const simple = block(3, bytes(u32(61), payload(61), new Uint8Array(3)))
    expect((await readBytes(bytes(opening, simple))).frames).toMatchObject([{ captured: 61, wireLength: 61 }])
  })

  it('reads obsolete packet blocks', async () => {
    const head = bytes(u16(0), u16(9), u32(0), u32(1_000_001), u32(61), u32(99))
    const { frames } = await readBytes(bytes(opening, block(2, bytes(head, payload(61), new Uint8Array(3)))))
    expect(frames).toMatchObject([{ time: '1.000001000', captured: 61, wireLength: 99 }])
  })

  it('tells the direction', async () => {
    const marked = (flags: number) =>
      packetBlock({ time: 1n, data, options: bytes(option(1, payload(5)), option(2, u32(flags)), u32(0)) })
    const { frames } = await readBytes(bytes(opening, marked(1), marked(2), marked(0), marked(0x1d)))
    expect(frames.map((frame) => frame.flags)).toEqual([FRAME_FLAG_INBOUND, FRAME_FLAG_OUTBOUND, 0, FRAME_FLAG_INBOUND])
  })

  it('passes over blocks it does not know, and those without packets', async () => {
    const others = [4, 5, 10, 0x12345, 0x80000001].map((type) => block(type, payload(40)))
    const { frames, problems } = await readBytes(bytes(opening, packet, ...others, packet))
    expect(frames).toHaveLength(2)
    expect(problems).toEqual([])
  })

  it('counts custom blocks and journal entries as Wireshark does', async () => {
    const records = [0xbad, 0x40000bad, 9].map((type) => block(type, payload(40)))
    const { frames } = await readBytes(bytes(opening, packet, ...records, packet))
    expect(frames.map((frame) => frame.linkType)).toEqual([1, LINK_TYPE_NONE, LINK_TYPE_NONE, LINK_TYPE_NONE, 1])
  })

  it('streams past a block longer than the buffer', async () => {
    const { frames, problems } = await readBytes(bytes(opening, packet, block(10, payload(3_000_000)), packet))
    expect(frames).toHaveLength(2)
    expect(problems).toEqual([])
  })

  it('leaves out a packet of an interface that was never described', async () => {
    const stray = packetBlock({ interface: 7, time: 1n, data })
    const { frames, problems } = await readBytes(bytes(opening, packet, stray, packet))
    expect(frames).toHaveLength(2)
    expect(problems).toMatchObject([{ afterFrame: 1, byteOffset: opening.length + packet.length, fatal: false }])
    expect(problems[0].message).toContain('interface 7')
  })

  it('goes on after a packet that claims more bytes than its block has', async () => {
    const lying = packetBlock({ time: 1n, data })
    lying.set(u32(5000), 20)
    const { frames, problems } = await readBytes(bytes(opening, lying, packet))
    expect(frames).toHaveLength(1)
    expect(problems).toMatchObject([{ afterFrame: 0, fatal: false }])
  })

  it('keeps a packet whose trailing length is wrong, and goes on', async () => {
    const wrong = packetBlock({ time: 1n, data })
    wrong.set(u32(9), wrong.length - 4)
    const { frames, problems } = await readBytes(bytes(opening, wrong, packet, packet))
    expect(frames).toHaveLength(3)
    expect(problems).toMatchObject([{ byteOffset: opening.length, fatal: false }])
  })

  it('finds the next block after one whose length is damaged', async () => {
    for (const length of [0, 13, 60, 2000, 90_000, 2_000_000, 0xfffffffc]) {
      const wrong = packetBlock({ time: 1n, data })
      wrong.set(u32(length), 4)
      const many = bytes(...Array.from({ length: 2000 }, () => packet))
      const { frames, problems } = await readBytes(bytes(opening, packet, wrong, many))
      expect(frames.length, `length ${length}`).toBeGreaterThanOrEqual(2001)
      expect(problems[0], `length ${length}`).toMatchObject({ afterFrame: 1, fatal: false })
    }
  })

  it('says that a capture ends inside a block', async () => {
    const content = bytes(opening, packet, packet)
    const { frames, problems } = await readBytes(content.subarray(0, content.length - 5))
    expect(frames).toHaveLength(1)
    expect(problems).toMatchObject([{ byteOffset: opening.length + packet.length, afterFrame: 1, fatal: true }])
  })

  it('passes over a section of another major version', async () => {
    const later = sectionHeader()
    later.set(u16(2), 12)
    const unknown = bytes(later, interfaceBlock(), packet)
    const followed = await readBytes(bytes(opening, packet, unknown, opening, packet, packet))
    expect(followed.frames).toHaveLength(3)
    expect(followed.problems).toMatchObject([
      { afterFrame: 1, fatal: false, message: 'a section of the unknown pcapng version 2.0, which is passed over' },
    ])
    const last = await readBytes(bytes(opening, packet, unknown))
    expect(last.frames).toHaveLength(1)
    expect(last.problems).toMatchObject([{ afterFrame: 1, fatal: true }])
  })

  it('reads a capture without packets', async () => {
    expect(await readBytes(opening)).toMatchObject({ frames: [], problems: [] })
  })
})
