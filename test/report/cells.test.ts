import { expect, test } from 'vitest'
import { cellsOf } from '../../src/report/cells.ts'

test.each([
  ['eth0', 4],
  ['日本語', 6],
  ['한국', 4],
  ['ｆｕｌｌ', 8],
  ['\u{1f600}', 2],
  ['é', 1],
  ['e\u0301', 1],
  ['“ssh”–', 6],
  ['', 0],
])('%s takes %i cells', (text, cells) => {
  expect(cellsOf(text)).toBe(cells)
})
