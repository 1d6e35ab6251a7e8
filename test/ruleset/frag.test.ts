import { sameDecisions, sameGrammar } from './extension-test.ts'
import { CHAINS } from './ipv6-chains.ts'

const VALUES = ['5', '5:7', '7:5', ':', '5:', ':7', '0:4294967295', '4294967296', 'x', '', '1:2:3']

sameGrammar('frag', [
  {
    family: 'ipv6',
    rules: [
      '-m frag',
      ...VALUES.flatMap((value) => [
        `-m frag --fragid "${value}"`,
        `-m frag ! --fragid "${value}"`,
        `-m frag --fraglen "${value}"`,
      ]),
      '-m frag ! --fraglen 5',
      '-m frag --fraglen 0',
      '-m frag --fragres --fragfirst --fragmore',
      '-m frag --fragfirst --fraglast --fragid 5 --fraglen 8',
      '-m frag --fragmore --fraglast',
      '-m frag ! --fragfirst',
      '-m frag ! --fragres',
      '-m frag --fragres --fragid 7',
    ],
  },
])

const questions = [
  '-m frag',
  '-m frag --fragid 7',
  '-m frag ! --fragid 1:7',
  '-m frag --fragres',
  '-m frag --fragfirst',
  '-m frag --fragmore',
  '-m frag --fraglast',
  '-m frag --fraglen 3',
]

// Defragmentation takes the header away, so that packet 7 must be left to the tests of the whole machine.
sameDecisions(
  'frag',
  Object.fromEntries(
    questions.map((rule) => [
      rule,
      { family: 'ipv6' as const, rules: [rule], packets: CHAINS.filter((_, index) => index !== 7) },
    ]),
  ),
)
