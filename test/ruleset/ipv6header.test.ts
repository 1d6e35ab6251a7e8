import { sameDecisions, sameGrammar } from './extension-test.ts'
import { CHAINS } from './ipv6-chains.ts'

const NAMES = [
  'hop',
  'dst',
  'route',
  'frag',
  'auth',
  'esp',
  'none',
  'prot',
  'hop-by-hop',
  'ipv6-opts',
  'ipv6-route',
  'ipv6-frag',
  'ah',
  'ipv6-nonxt',
  'protocol',
  '0',
  '60',
  '43',
  '44',
  '51',
  '50',
  '59',
  '255',
  '17',
  'AH',
  'HOP',
  'NONE',
  'DST',
  'udp',
  'x',
  '',
  'hop,dst',
  'dst,hop',
  'hop,',
  'hop dst',
  'none,prot,esp,auth,frag,route,dst,hop',
]

sameGrammar('ipv6header', [
  {
    family: 'ipv6',
    rules: [
      '-m ipv6header',
      '-m ipv6header --soft',
      ...NAMES.flatMap((name) => [`-m ipv6header --header "${name}"`]),
      '-m ipv6header ! --header hop',
      '-m ipv6header ! --header hop --soft',
      '-m ipv6header --header hop --header dst',
      '-m ipv6header --header hop ! --soft',
    ],
  },
])

const questions = [
  'hop',
  'dst',
  'prot',
  'hop,prot',
  'dst,prot',
  'route,prot',
  'auth,prot',
  'none',
  'esp',
  'dst,none',
  'hop,dst,route,auth,prot',
  'dst,route',
].flatMap((names) =>
  ['', '! '].flatMap((not) => ['', ' --soft'].map((soft) => `-m ipv6header ${not}--header ${names}${soft}`)),
)

sameDecisions('ipv6header', {
  'one chain': { family: 'ipv6', rules: questions, packets: CHAINS.filter((_, index) => index !== 7) },
})
