import { sameGrammar } from './extension-test.ts'

/** Values that hardly anybody writes, and that the tools take or refuse all the same. */

sameGrammar('odd values of matches', [
  {
    rules: [
      ...[5, 15, 16, 17, 49, 0x10].map((burst) => `-m limit --limit-burst ${burst} --limit 1/day`),
      ...[255, 256, 1000].map((length) => `-m comment --comment ${'a'.repeat(length)}`),
      ...['ip', 'IP', 'all', 'any'].map((protocol) => `-p ${protocol}`),
      '-m recent --rdest --name a --rsource --remove',
      '-m recent --rsource --name a --rdest --remove',
      '-m cluster --cluster-total-nodes 2 --cluster-hash-seed 5 --cluster-local-nodemask 0',
      ...[31, 32].map(
        (mask) => `-m cluster --cluster-total-nodes 32 --cluster-hash-seed 5 --cluster-local-nodemask ${mask}`,
      ),
      ...['! --ctproto all', '--ctproto 0'].flatMap((protocol) => [
        `-m conntrack ${protocol}`,
        `-m conntrack ${protocol} ! --ctstatus EXPECTED`,
        `-m conntrack ! --ctstatus EXPECTED ${protocol}`,
        `-m conntrack --ctstatus EXPECTED ${protocol}`,
        `-m conntrack ! --ctstate NEW ! --ctexpire 5 ${protocol} ! --ctorigdstport 5:`,
      ]),
      ...['22:22', '22:23', '23:22', '5,0:0', '22:'].map((ports) => `-p tcp -m multiport --dports ${ports}`),
      '-m policy --dir in --pol none --spi x',
      '-m policy --dir in --pol none --reqid 1x',
      '-m policy --dir in --pol none --proto x',
      '-m policy --dir in --pol none --spi 5',
      '-m policy --dir in --pol none --reqid 5 --mode tunnel',
      '-m policy --dir in --pol none --mode x',
      '-m policy --dir in --pol none --tunnel-src 1.1.1.1',
      ...['0', '0,5', '""', '1', '00', '31,'].flatMap((days) => [
        `-m time --monthdays ${days}`,
        `-m time ! --monthdays ${days}`,
      ]),
      ...['5:5', '5', '0', '5:6', '18446744073709551615'].map(
        (range) => `-m connbytes ! --connbytes ${range} --connbytes-dir both --connbytes-mode bytes`,
      ),
      ...['10:00', '10:01', '9:59'].map((stop) => `-m time --timestart 10:00 --timestop ${stop} --contiguous`),
      ...[',', '""', ',ACK', 'ACK,,DATA', 'ACK,,', 'none'].map((types) => `-p dccp -m dccp --dccp-types ${types}`),
    ],
  },
])

sameGrammar(
  'devices that a packet does not have at every hook',
  (['INPUT', 'FORWARD', 'OUTPUT'] as const).map((chain) => ({
    chain,
    rules: [
      '-m devgroup --src-group 1',
      '-m devgroup --dst-group 1',
      '-m devgroup --src-group 1 ! --dst-group 1',
      '-m physdev --physdev-in x',
      '-m physdev --physdev-is-in',
      '-m physdev --physdev-out x',
      '-m physdev ! --physdev-is-out',
      '-m physdev --physdev-out x --physdev-is-bridged',
      '-m physdev --physdev-out x ! --physdev-is-bridged',
      '-m physdev --physdev-is-bridged',
    ],
  })),
)

/** Estimators that `-m rateest` may name. */
const ESTIMATORS = ['a', 'b', 'c'.repeat(15)]
  .map(
    (name) =>
      `iptables-legacy -t mangle -A INPUT -j RATEEST --rateest-name ${name} --rateest-interval 1s --rateest-ewmalog 2s`,
  )
  .join('; ')

sameGrammar('rates of -m rateest', [
  {
    setup: ESTIMATORS,
    rules: [
      ...['0x10', '0x10p3', '0x1.8', '0x10kbit', '0x10bit', '1e3kbit', '.5kbit', '8.', '+8', '+-8', '" 8"', '" 8 "'],
      ...['010', 'inf', 'nan', '1tbps', '1e40', '1e400', '34359738367', '34359738368', '" -5"', '-5', '""', '8bits'],
    ].map((rate) => `-m rateest --rateest a --rateest-gt --rateest-bps ${rate}`),
  },
  {
    setup: ESTIMATORS,
    rules: [
      '--rateest a --rateest-gt --rateest-bps=5',
      '--rateest a --rateest-gt --rateest-pps=5',
      '--rateest a --rateest-lt --rateest-gt --rateest-pps 5',
      '--rateest a ! --rateest-gt --rateest-lt --rateest-pps 5',
      '--rateest a --rateest-lt --rateest-lt --rateest-pps 5',
      `--rateest ${'c'.repeat(20)} --rateest-gt --rateest-pps 5`,
      '--rateest1 a --rateest2 b --rateest-gt --rateest-bps --rateest-pps x',
      '--rateest a --rateest-gt --rateest-bps 16 --rateest-pps 5 --rateest-delta',
      '--rateest-delta --rateest1 a --rateest-gt --rateest2 b --rateest-bps1 8 --rateest-pps2 4',
      '--rateest1 a --rateest-gt --rateest2 b --rateest-bps1 8 --rateest-pps2 4',
    ].map((words) => `-m rateest ${words}`),
  },
])

sameGrammar('what the machine lacks', [
  {
    recorded: true,
    rules: [
      ...['inf', 'INFINITE', 'in', '-1', '""', '5x', '0x10', '+5', '0', '2147483648', '4294967295', '4294967296'].map(
        (delay) => `-j LED --led-trigger-id x --led-delay ${delay}`,
      ),
      ...['"a b"', '"it\'s"', '"a\\"b\\\\c"', '""', 'a'.repeat(16), 'a'.repeat(17)].map(
        (id) => `-j LED --led-trigger-id ${id}`,
      ),
      ...['""', '"a b"', '"it\'s"', 'a'.repeat(31), 'a'.repeat(32)].map((name) => `-m nfacct --nfacct-name ${name}`),
      ...['""', '"a b"', 'a'.repeat(511), 'a'.repeat(512)].map((path) => `-m bpf --object-pinned ${path}`),
      '-m ipvs --vproto tcp --vaddr 10.0.0.0/8 ! --vport http --vdir reply --vmethod gate ! --vportctl ftp',
      '-m ipvs ! --ipvs',
    ],
  },
  {
    table: 'mangle',
    recorded: true,
    rules: [255, 256, 300].map((length) => `-j SECMARK --selctx ${'a'.repeat(length)}`),
  },
  { chain: 'OUTPUT', recorded: true, rules: ['""', '/', '"it\'s"'].map((path) => `-m cgroup --path ${path}`) },
  {
    table: 'raw',
    chain: 'PREROUTING',
    recorded: true,
    rules: [31, 32, 0].flatMap((length) => [
      `-p tcp -j CT --timeout "${'a'.repeat(length)}"`,
      `-p tcp -j CT --notrack --timeout "${'a'.repeat(length)}"`,
    ]),
  },
])

sameGrammar('odd values of targets', [
  {
    table: 'nat',
    chain: 'PREROUTING',
    rules: [
      ...['-p tcp', '! -p tcp', '! -p icmp', '-p icmp', ''].flatMap((protocol) => [
        `${protocol} -j DNAT --to-destination 10.0.0.1:80`,
        `${protocol} -j REDIRECT --to-ports 80`,
      ]),
      '-j DNAT --to-destination 10.0.0.1:80 -p tcp',
      '-j DNAT --to-destination 10.0.0.1 -p tcp',
      '-j REDIRECT --to-ports 80 -p tcp',
    ],
  },
  {
    table: 'mangle',
    rules: [
      '-p tcp --syn -j TCPMSS --set-mss 1x --clamp-mss-to-pmtu',
      '-p tcp --syn -j TCPMSS --set-mss 5 --clamp-mss-to-pmtu',
      '-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu --set-mss 5',
      '-j CLASSIFY --set-class 1:4294967296',
      '-j CLASSIFY --set-class 12345:1',
      '-j TEE --gateway 10.0.0.1 --oif ""',
      '-j CONNMARK --right-shift-mark 33 --left-shift-mark 1 --set-mark 5',
      '-j CONNMARK --right-shift-mark 32 --left-shift-mark 1 --set-mark 5',
      '-j CONNMARK --left-shift-mark 32 --set-mark 5',
      '-p tcp -j ECN --ecn-ip-ect 3 --ecn-tcp-remove',
      '-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 3',
      '-p tcp -j ECN --ecn-ip-ect 4 --ecn-tcp-remove',
      ...['sport', 'dport', 'spi', 'proto'].map(
        (part) => `-j HMARK --hmark-mod 5 --hmark-rnd 1 --hmark-${part}-mask 0xf --hmark-tuple ${part}`,
      ),
      '-j HMARK --hmark-mod 5 --hmark-rnd 1 --hmark-sport-mask 0x10000 --hmark-tuple sport',
      '-j HMARK --hmark-mod 5 --hmark-rnd 1 --hmark-src-prefix : --hmark-tuple src',
      '-j HMARK --hmark-mod 5 --hmark-rnd 1 --hmark-src-prefix 24 --hmark-tuple src',
    ],
  },
  {
    rules: [
      ...[
        '+1',
        '1e3',
        '" 5"',
        '-5',
        '.25s',
        '0x.8s',
        '0x10ms',
        '0.25',
        '"1 ms"',
        '1s1',
        '250MS',
        'inf',
        'nan',
        '4295s',
      ],
      ...['5000s', '1e10s', '""', 'ms', '-250ms', '4294.967295s'],
    ].map((time) => `-j RATEEST --rateest-name n --rateest-interval ${time} --rateest-ewmalog 500ms`),
  },
  {
    rules: ['-1', '-5s', '0x1p3s', '1e1s', 'infs', 'nan', '1e20s', 's', '1SEC', '1msecs'].map(
      (time) => `-j RATEEST --rateest-name n --rateest-interval 250ms --rateest-ewmalog ${time}`,
    ),
  },
  {
    rules: ['""', '"a b"', 'a'.repeat(16)].map(
      (name) => `-j RATEEST --rateest-name ${name} --rateest-interval 1s --rateest-ewmalog 2s`,
    ),
  },
  {
    table: 'raw',
    chain: 'PREROUTING',
    rules: [
      `-p tcp -j CT --notrack --helper ${'a'.repeat(16)}`,
      '-p tcp -j CT --helper ""',
      '-p tcp -j CT --helper "" --zone 5',
    ],
  },
  {
    table: 'raw',
    chain: 'PREROUTING',
    rules: [
      ...['', '-orig', '-reply'].flatMap((first) =>
        ['', '-orig', '-reply'].flatMap((second) => [
          `-j CT --zone${first} mark --zone${second} 5`,
          `-j CT --zone${first} 5 --zone${second} mark`,
          `-j CT --zone${first} 5 --zone${second} 6`,
        ]),
      ),
    ],
  },
])
