import { describe, expect, test } from 'vitest'
import { parseSets } from '../../src/ruleset/index.ts'
import { filesOfElements, TYPES } from './ipset-elements.ts'
import { FILES_OF_LINES, FILES_WITH_EXIST } from './ipset-lines.ts'
import { filesOfCreates, filesOfOptions } from './ipset-options.ts'
import { differencesOf, isTypeOfKernel, noIpset } from './ipset-tools.ts'
import { randomSetFiles } from './random-sets.ts'

const RANDOM_FILES = Number(process.env.CTREPLAY_RANDOM_SETS ?? 300)

/**
 * We take more: elements that are there already or not there, which `ipset -exist restore` takes. And less: names of hosts, which
 * are not looked up, `test`, which changes nothing, and `quit`, which makes ipset forget lines before it.
 */
describe.skipIf(noIpset)(`files that ipset restore takes, and what is in the sets then ${noIpset}`, () => {
  const known = noIpset ? [] : TYPES.filter(({ create }) => isTypeOfKernel(create))

  test.each(known)('elements of $create', (type) => {
    expect(differencesOf(filesOfElements(type))).toEqual([])
  })

  test('create lines', () => expect(differencesOf(filesOfCreates())).toEqual([]))

  test('options of elements', () => expect(differencesOf(filesOfOptions())).toEqual([]))

  test('lines of every kind', () => expect(differencesOf(FILES_OF_LINES, '-exist')).toEqual([]))

  test('lines that make again what is there', () => expect(differencesOf(FILES_WITH_EXIST, '-exist')).toEqual([]))

  test('random files', () => {
    const seed = Number(process.env.CTREPLAY_SEED ?? 1)
    expect(differencesOf(randomSetFiles(seed, RANDOM_FILES), '-exist')).toEqual([])
  })
})

test.each([
  ['hash:ip,port', '10.0.0.0/16,1-65535', 65_536],
  ['hash:ip maxelem 10', '10.0.0.0/28', 10],
  ['hash:ip maxelem 4000000000', '10.0.0.0/8', 2 ** 20],
  ['hash:ip,port maxelem 4000000000', '10.0.0.0/16,1-65535', 2 ** 20],
])('%s: one line that stands for too many is refused before they are made: %s', (type, element, most) => {
  expect(() => parseSets(`create s ${type}\nadd s ${element}\n`, 'sets')).toThrow(
    `sets:2:7: "${element}" stands for more than ${most} elements; raise maxelem, or use a set of a net type`,
  )
})

test('lines that are too many together are refused', () => {
  const lines = Array.from({ length: 3 }, (_, n) => `add s ${10 + n}.0.0.0/12\n`)
  expect(() => parseSets(`create s hash:ip maxelem 4000000000\n${lines.join('')}`, 'sets')).toThrow(
    'sets:4:7: the set has more than 2097152 elements; write networks, in a set of a net type',
  )
})
