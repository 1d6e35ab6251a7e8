import { sameDecisions, sameGrammar } from './extension-test.ts'
import { CHAINS } from './ipv6-chains.ts'

const of = (name: string): string[] => [
  `-m ${name}`,
  ...['8', '0', '65536', '4294967296', 'x', '', '5:6'].map((value) => `-m ${name} --${name}-len "${value}"`),
  `-m ${name} ! --${name}-len 8`,
  ...[
    '1',
    '1:2',
    '0',
    '255:255',
    '256',
    '1:256',
    '1:2:3',
    '1,2:3,4',
    'x',
    '',
    ',',
    '1,',
    Array(16).fill('3:4').join(','),
    Array(17).fill('3').join(','),
  ].map((list) => `-m ${name} --${name}-opts "${list}"`),
  `-m ${name} ! --${name}-opts 1`,
  `-m ${name} --${name}-not-strict`,
  `-m ${name} --${name}-opts 1 --${name}-not-strict`,
  `-m ${name} --${name}-opts 1 --${name}-len 16`,
]

sameGrammar('hbh and dst', [{ family: 'ipv6', rules: [...of('hbh'), ...of('dst')] }, { rules: ['-m hbh', '-m dst'] }])

const questions = ['hbh', 'dst'].flatMap((name) => [
  `-m ${name}`,
  `-m ${name} --${name}-len 8`,
  `-m ${name} ! --${name}-len 8`,
  `-m ${name} --${name}-len 16`,
  ...[
    '30',
    '1',
    '1:4',
    '30:4',
    '30:5',
    '30,31',
    '30,31:2',
    '30:0,31:2,0,0,32:1',
    '30,31,0,0,32,1',
    '0',
    '0,0',
    '30:4,31:0,1',
    '30:20',
    '30,32',
    '0,0,0,0,0,30',
  ].map((list) => `-m ${name} --${name}-opts ${list}`),
])

sameDecisions(
  'hbh and dst',
  Object.fromEntries(questions.map((rule) => [rule, { family: 'ipv6' as const, rules: [rule], packets: CHAINS }])),
)
