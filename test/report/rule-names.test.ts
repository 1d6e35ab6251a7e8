import { describe, expect, it } from 'vitest'
import { lineList, placedText } from '../../src/report/rule-names.ts'

describe('a list of lines', () => {
  it.each([
    [[7], 'line 7'],
    [[7, 9], 'lines 7, 9'],
    [[7, 8, 9, 12], 'lines 7-9, 12'],
    [[1, 3, 5, 7], 'lines 1, 3 and 2 more'],
    // A line with several addresses, as `-s 10.0.0.1,10.0.0.2`, becomes several rules.
    [[7, 7], 'line 7'],
    [[7, 7, 9], 'lines 7, 9'],
    [[9, 3, 4], 'lines 3-4, 9'],
    [[1, 3, 5, 5], 'lines 1, 3 and 1 more'],
  ])('%j', (lines, text) => {
    expect(lineList(lines, lines.length === 4 && lines[0] === 1 ? 2 : undefined)).toBe(text)
  })
})

it('a long rule is cut, its place never', () => {
  expect(placedText('line 3', `-A INPUT ${'x'.repeat(100)}`, 4)[0]).toMatch(/^ {4}line 3: -A INPUT x+…$/)
  expect(placedText(`${'long/'.repeat(20)}rules.v4:3`, '-A INPUT -j DROP', 4)).toHaveLength(2)
})
