import { sameGrammar } from './extension-test.ts'

/** Values that hardly anybody writes, and that the tools take or refuse all the same. */

sameGrammar('odd values of matches', [
  {
    rules: [
      ...[5, 15, 16, 17, 49, 0x10].map((burst) => `-m limit --limit-burst ${burst} --limit 1/day`),
      ...[255, 256, 1000].map((length) => `-m comment --comment ${'a'.repeat(length)}`),
      '-m recent --rdest --name a --rsource --remove',
      '-m recent --rsource --name a --rdest --remove',
      '-m cluster --cluster-total-nodes 2 --cluster-hash-seed 5 --cluster-local-nodemask 0',
      '-m policy --dir in --pol none --spi x',
      '-m policy --dir in --pol none --reqid 1x',
      '-m policy --dir in --pol none --proto x',
      '-m policy --dir in --pol none --spi 5',
      '-m policy --dir in --pol none --reqid 5 --mode tunnel',
    ],
  },
])

sameGrammar('odd values of targets', [
  {
    table: 'mangle',
    rules: [
      '-p tcp --syn -j TCPMSS --set-mss 1x --clamp-mss-to-pmtu',
      '-p tcp --syn -j TCPMSS --set-mss 5 --clamp-mss-to-pmtu',
      '-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu --set-mss 5',
      '-j CLASSIFY --set-class 1:4294967296',
      '-j CLASSIFY --set-class 12345:1',
      '-j TEE --gateway 10.0.0.1 --oif ""',
    ],
  },
  { table: 'raw', chain: 'PREROUTING', rules: ['-p tcp -j CT --helper ""', '-p tcp -j CT --helper "" --zone 5'] },
])
