import { describe, expect, it } from 'vitest'
import { FRAME_FLAG_NO_TIME, FrameBatch, LINK_TYPE_NONE } from '../../src/capture/frame-batch.ts'
import { addUp, NO_COMMON_LINK_TYPE, TOTALS } from '../../src/capture/frame-totals.ts'

const ETHERNET = 1
const COOKED = 113

interface GivenFrame {
  readonly time?: readonly [seconds: number, nanoseconds: number]
  readonly wireLength?: number
  readonly linkType?: number
}

/** Bytes, first and last time, link type. */
function totalsOf(frames: readonly GivenFrame[]): number[] {
  const batch = new FrameBatch(8, 8)
  // What was in the memory before.
  batch.info.fill(99)
  for (const { time, wireLength = 60, linkType = ETHERNET } of frames) {
    const [seconds, nanoseconds] = time ?? [7, 7]
    batch.seconds[batch.count] = seconds
    batch.add(0, 0, wireLength, nanoseconds, linkType, 0, time === undefined ? FRAME_FLAG_NO_TIME : 0, 0)
  }
  const totals = new Float64Array(TOTALS)
  addUp(batch, totals)
  return [...totals]
}

describe('the totals of a batch', () => {
  it('are the bytes on the wire, the earliest and the latest time, and the link type', () => {
    const frames: GivenFrame[] = [
      { time: [5, 30], wireLength: 100 },
      { time: [5, 10], wireLength: 1000 },
      { time: [5, 40], wireLength: 10_000 },
      { time: [5, 20], wireLength: 100_000 },
    ]
    expect(totalsOf(frames)).toEqual([111_100, 5, 10, 5, 40, ETHERNET])
    expect(totalsOf([{ time: [6, 1] }, { time: [4, 9] }])).toEqual([120, 4, 9, 6, 1, ETHERNET])
  })

  it('leave out the times of frames that have none', () => {
    expect(totalsOf([{}, { time: [5, 1] }, {}])).toEqual([180, 5, 1, 5, 1, ETHERNET])
    expect(totalsOf([{}])).toEqual([60, Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 0, ETHERNET])
  })

  it('have no link type where frames have several, or there are no frames', () => {
    const mixed = totalsOf([{ linkType: ETHERNET }, { linkType: COOKED }, { linkType: ETHERNET }])
    expect(mixed.at(-1)).toBe(NO_COMMON_LINK_TYPE)
    expect(totalsOf([]).at(-1)).toBe(NO_COMMON_LINK_TYPE)
    expect(totalsOf([{ linkType: LINK_TYPE_NONE }]).at(-1)).toBe(LINK_TYPE_NONE)
  })
})
