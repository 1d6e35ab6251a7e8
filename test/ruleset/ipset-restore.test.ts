import { describe, expect, test } from 'vitest'
import { parseSets } from '../../src/ruleset/index.ts'
import { filesOfElements, TYPES } from './ipset-elements.ts'
import { FILES_OF_LINES, FILES_WITH_EXIST } from './ipset-lines.ts'
import { filesOfCreates, filesOfOptions } from './ipset-options.ts'
import { differencesOf, isTypeOfKernel, noIpset } from './ipset-tools.ts'
import { randomSetFiles } from './random-sets.ts'

const RANDOM_FILES = Number(process.env.CTREPLAY_RANDOM_SETS ?? 300)

/**
 * Known differences. We accept more: like `ipset -exist restore`, `add` of elements that exist and `del` of elements
 * that do not. We accept less: no host names (they are not looked up), no `test` (it changes nothing) and no `quit` (it
 * makes ipset lose lines before it).
 */
describe.skipIf(noIpset)(`files that ipset restore accepts, and the sets after them ${noIpset}`, () => {
  const known = noIpset ? [] : TYPES.filter(({ create }) => isTypeOfKernel(create))

  test.each(known)('elements of $create', (type) => {
    expect(differencesOf(filesOfElements(type))).toEqual([])
  })

  test('create lines', () => expect(differencesOf(filesOfCreates())).toEqual([]))

  test('options of elements', () => expect(differencesOf(filesOfOptions())).toEqual([]))

  test('lines of every kind', () => expect(differencesOf(FILES_OF_LINES, '-exist')).toEqual([]))

  test('lines that create what exists already', () => expect(differencesOf(FILES_WITH_EXIST, '-exist')).toEqual([]))

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
])('%s: a line that stands for too many elements is refused before they are built: %s', (type, element, most) => {
  expect(() => parseSets(`create s ${type}\nadd s ${element}\n`, 'sets')).toThrow(
    `sets:2:7: "${element}" stands for more than ${most} elements; raise maxelem, or use a set of a net type`,
  )
})

test('elements that are too many together are refused', () => {
  const lines = Array.from({ length: 3 }, (_, n) => `add s ${10 + n}.0.0.0/12\n`)
  expect(() => parseSets(`create s hash:ip maxelem 4000000000\n${lines.join('')}`, 'sets')).toThrow(
    'sets:4:7: the set has more than 2097152 elements; write networks, in a set of a net type',
  )
})

test.each([
  ['create s hash:net netmask 24', '1:19: "netmask" is not an option of hash:net; it has family, hashsize,'],
  ['create s hash:ip timeout 5 timeout 6', '1:28: timeout is there already; write it once'],
  [
    'create s bitmap:ip range 10.0.0.0/15',
    '1:26: "10.0.0.0/15" is larger than 65536 elements; narrow it, or use a hash',
  ],
  ['create s hash:ip;add s 10.0.0.1 nomatch', '2:16: "nomatch" is not an option of an element of hash:ip; take it out'],
  ['create s hash:ip;add s 10.0.0.1 comment x', '2:16: the set "s" was created without comment; add it to the create'],
  [
    'create s hash:ip;add s 0.0.0.0',
    '2:7: "0.0.0.0" begins with the address of zeros, which hash:ip cannot hold; take',
  ],
  [
    'create s hash:net;add s 0.0.0.0/0',
    '2:7: "0.0.0.0/0" is all addresses, which hash:net cannot hold; write two halves',
  ],
  [
    'create s hash:ip,port;add s 10.0.0.1,gre:5',
    '2:7: "gre:5" has a port, but its protocol has none; write :0 after the protocol',
  ],
  ['create s hash:ip,port;add s 10.0.0.1,icmp:8', '2:7: "8" is not an ICMP type; write TYPE/CODE as 8/0, or a name as'],
  ['create s hash:ip,port;add s ::1,80', '2:7: "::1" is not an IPv4 address; write it in numbers'],
  [
    'create s hash:ip,port,ip;add s 10.0.0.1,80,10.0.0.0/8',
    '2:7: "10.0.0.0/8" stands for several addresses; write a single',
  ],
  [
    'create s hash:ip maxelem 1;add s 10.0.0.1;add s 10.0.0.2',
    '3:7: the set is full before all of "10.0.0.2" is in it; raise',
  ],
  ['create s list:set;create t list:set;add s t', '3:7: "t" is a list itself; write its members instead'],
  ['create s list:set;add s t;create t hash:ip', '2:7: no set "t" in this file before this line; create it first'],
  [
    'create s hash:ip;create t list:set;add t s;destroy s',
    '4:9: the set "s" is in the list "t"; take it out there first',
  ],
  ['create s hash:ip;create t hash:net;swap s t', '3:8: "s" and "t" do not hold the same kind of element; swap others'],
  ['create s hash:ip;quit', '2:1: "quit" is not for a file; take the line out'],
  ['create s hash:ip -o json', '1:18: -o needs plain, save, xml; take it out'],
])('%s: %s', (file, message) => {
  expect(() => parseSets(file.replaceAll(';', '\n'), 'sets')).toThrow(`sets:${message}`)
})
