import { expect, test } from 'vitest'
import { closest } from '../../src/ruleset/text/closest.ts'

const KNOWN = ['check', 'rules', 'conntrack']

test.each([
  ['a letter left out', 'chek', 'check'],
  ['a letter too many', 'checkk', 'check'],
  ['another letter', 'chack', 'check'],
  ['two neighbouring letters exchanged at the end', 'chekc', 'check'],
  ['two neighbouring letters exchanged at the beginning', 'hceck', 'check'],
  ['two mistakes in a long word', 'cnontrcak', 'conntrack'],
  ['the beginning of a word', 'con', 'conntrack'],
  ['two mistakes in a short word', 'hcekc', null],
  ['two letters exchanged that are not neighbours', 'kcehc', null],
  ['another word', 'table', null],
])('%s: %s', (_what, word, expected) => {
  expect(closest(word, KNOWN)).toBe(expected)
})
