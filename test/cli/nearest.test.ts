import { expect, test } from 'vitest'
import { nearest } from '../../src/cli/nearest.ts'

test('the word with the fewest mistakes is proposed', () => {
  expect(nearest('ruels', ['ruler', 'rules'])).toBe("; did you mean 'rules'?")
  expect(nearest('xyz', ['ruler', 'rules'])).toBe('')
})
