import { expect, it } from 'vitest'
import { FrameNumbers } from '../../src/capture/frame-numbers.ts'

it('frames are numbered in the capture and in their files, however the files are merged', () => {
  const numbers = new FrameNumbers()
  const given = [1, 1, 0, 2, 0, 1, 2].map((file) => {
    numbers.next(file)
    return [numbers.frame, numbers.fileFrame]
  })
  expect(given).toEqual([
    [1, 1],
    [2, 2],
    [3, 1],
    [4, 1],
    [5, 2],
    [6, 3],
    [7, 2],
  ])
})
