import { expect, test } from 'vitest'
import { leadingFloat, lowWord } from '../../src/ruleset/text/floats.ts'

test.each([
  ['5', 5, ''],
  [' +5x', 5, 'x'],
  ['-.5e1kbit', -5, 'kbit'],
  ['5e', 5, 'e'],
  ['5.', 5, ''],
  ['0x10', 16, ''],
  ['0x10bit', 0x10b, 'it'],
  ['0x.8p1s', 1, 's'],
  ['0xg', 0, 'xg'],
  ['infinitys', Number.POSITIVE_INFINITY, 's'],
  ['-inf', Number.NEGATIVE_INFINITY, ''],
  ['nan(1)x', Number.NaN, 'x'],
])('strtod of "%s"', (text, value, rest) => {
  expect(leadingFloat(text)).toEqual({ value, rest })
})

test.each(['', '.', '+', 'x', ' - 5', 'e5'])('"%s" begins with no number', (text) => {
  expect(leadingFloat(text)).toBeNull()
})

test('of a large or negative number the low 32 bits are kept, of what has none 0', () => {
  expect([2 ** 32 + 5.9, -1, -0.6, 1e40, Number.NaN, Number.POSITIVE_INFINITY].map(lowWord)).toEqual([
    5, 0xffff_ffff, 0, 0, 0, 0,
  ])
})
