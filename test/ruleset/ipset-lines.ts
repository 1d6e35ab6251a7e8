import type { SetFile } from './ipset-tools.ts'

const A = 'create a hash:ip;add a 10.0.0.1'
const AB = `${A};create b hash:ip`
const LIST = `${AB};create l list:set;add l a;add l b`
const VERBS = [
  ...['create', '-N', 'n', 'N', 'new', '--create', '--new', 'c', 'creat', 'CREATE', 'creates'].map(
    (verb) => `${verb} s hash:ip`,
  ),
  ...['add', 'a', 'ad', '-A', '--add', 'an', 'adding', 'del', 'd', 'de', '-D', '--del', 'delete', '-U'].map(
    (verb) => `${A};${verb} a 10.0.0.${/^-*d/i.test(verb) ? 1 : 2}`,
  ),
  ...[
    'flush',
    'f',
    'fl',
    '-F',
    '--flush',
    'destroy',
    'des',
    'x',
    '-X',
    'list',
    'l',
    '-L',
    'ls',
    'save',
    's',
    '-S',
  ].flatMap((verb) => [`${A};${verb} a`, `${A};${verb}`, `${A};${verb} nosuch`, `${A};${verb} a b`]),
  ...['rename', 'ren', 'e', '-E', 're', 'r', 'swap', 'sw', 'w', '-W'].flatMap((verb) => [
    ...[`${A};${verb} a c`, `${AB};${verb} a b`, `${AB};${verb} a`, `${AB};${verb}`, `${AB};${verb} a a`],
    ...[`${AB};${verb} c d`, `${LIST};${verb} a c`, `${LIST};${verb} a b`, `${LIST};${verb} l m`],
  ]),
  ...['help', 'version', '-V', 'restore', 'COMMIT', 'COMMIT x', 'commit', '# x', '   # x', '-q', ''].map(
    (line) => `${A};${line}`,
  ),
  `${A};swap a;create`,
  'create s',
  'create -q s -s hash:ip timeout -r 5',
  'add s',
  'add',
  'create s hash:ip # x',
  `create s${'2'.repeat(31)} hash:ip`,
  `create s${'2'.repeat(30)} hash:ip`,
  `${A};rename a s${'2'.repeat(31)}`,
  'create s hash:ip;add\ts  10.0.0.1\t',
  'create s hash:ip;add s "10.0.0.1"',
  'create s hash:ip;add s "" 10.0.0.1',
  'create s hash:ip comment;add s 10.0.0.1 comment "a',
  'create s hash:ip;add s 10.0.0.1\r',
]

/** Files of several lines. */
export const FILES_OF_LINES: readonly SetFile[] = [
  ...VERBS,
  ...['hash:net', 'hash:ip family inet6', 'hash:ip timeout 5', 'bitmap:ip range 10.0.0.0/24', 'list:set'].map(
    (type) => `${A};create b ${type};swap a b`,
  ),
  ...[
    'add l l',
    'add l nosuch',
    'create m list:set;add l m',
    'add l a,b',
    'del l a',
    'del l nosuch',
    'destroy a',
    'destroy',
  ].map((line) => `${LIST};${line}`),
  ...[
    'del l a before b',
    'del l b before a',
    'del l b after a',
    'del l a after b',
    'del l a before nosuch',
    'del l a before',
  ].map((line) => `${LIST};${line}`),
  ...[
    'before a',
    'after a',
    'after b',
    'before nosuch',
    'before c',
    'before',
    'before a after b',
    'after a before b',
  ].map((place) => `${LIST};create c hash:ip;add l c ${place}`),
  ...['c,before,b', 'c,after,a', 'c,around,a', 'c,before,', ',before,a'].map(
    (member) => `${LIST};create c hash:ip;add l ${member}`,
  ),
  `${LIST};swap a b;del l b`,
  `${LIST};flush;destroy`,
  `${LIST};destroy l;destroy a`,
  'create l list:set size 1;create a hash:ip;create b hash:ip;add l a;add l b',
  ...['timeout 5', 'nomatch', 'nosuch'].map(
    (option) => `create s hash:net timeout 9;add s 10.0.0.0/8;del s 10.0.0.0/8 ${option}`,
  ),
  'create s hash:net;add s 10.0.0.0/8 nomatch;del s 10.0.0.0/8',
  'create s hash:net,iface;add s 10.0.0.0/8,e wildcard;add s 11.0.0.0/8,e;del s 10.0.0.0/8,e',
  'create s bitmap:ip,mac range 10.0.0.0/24;add s 10.0.0.1,1:1:1:1:1:1;del s 10.0.0.1,2:2:2:2:2:2',
  'create s hash:ip maxelem 2;add s 10.0.0.1;add s 10.0.0.2;add s 10.0.0.3',
  'create s hash:ip maxelem 2;add s 10.0.0.1;add s 10.0.0.2;del s 10.0.0.2;add s 10.0.0.3',
  'create s hash:ip maxelem 2 forceadd;add s 10.0.0.1;add s 10.0.0.2;add s 10.0.0.3',
  'create a hash:ip,port,net;create b hash:ip,port,net;swap a b',
  'create a hash:ip,port;create b hash:net,port;swap a b',
  'create s hash:ip maxelem 0;add s 10.0.0.1',
  'create s hash:ip;add s 10.0.0.0/16',
]

const TWICE: readonly (readonly [string, readonly string[]])[] = [
  [
    'hash:ip',
    [
      ...[
        'maxelem 5',
        'hashsize 64',
        'timeout 5',
        'counters',
        'comment',
        'skbinfo',
        'forceadd',
        'netmask 24',
        'netmask 32',
      ],
      ...['bitmask 255.0.0.0', 'family inet6', 'bucketsize 4', 'initval 4', ''],
    ],
  ],
  ['list:set', ['size 9', 'size 8', 'timeout 5']],
  ['hash:net', ['timeout 0', '']],
]
const AGAIN: readonly (readonly [create: string, first: string, second: string])[] = [
  ['hash:net', '10.0.0.0/8', '10.0.0.0/8 nomatch'],
  ['hash:net', '10.0.0.0/8 nomatch', '10.0.0.0/8'],
  ['hash:net,iface', '10.0.0.0/8,e', '10.0.0.0/8,e wildcard'],
  ['hash:net,iface', '10.0.0.0/8,e wildcard', '10.0.0.0/8,e'],
  ['hash:net,iface', '10.0.0.0/8,e wildcard', '11.0.0.0/8,e'],
  ['hash:net,iface', '10.0.0.0/8,e wildcard', '10.0.0.0/8,eth0'],
  ['hash:net,iface', '10.0.0.0/8,e wildcard', '10.0.0.0/8,physdev:eth0'],
  ['hash:net,iface', '10.0.0.0/8,eth0', '10.0.0.0/8,e wildcard'],
  ['hash:ip counters', '10.0.0.1 packets 5', '10.0.0.1'],
  ['hash:ip counters', '10.0.0.1 packets 5', '10.0.0.1 bytes 7'],
  ['hash:ip timeout 20', '10.0.0.1 timeout 9', '10.0.0.1'],
  ['hash:ip skbinfo', '10.0.0.1 skbmark 0x5', '10.0.0.1'],
  ['hash:ip maxelem 2', '10.0.0.0/31', '10.0.0.1'],
  ['hash:ip maxelem 2', '10.0.0.0/31', '10.0.0.2'],
  ['bitmap:ip,mac range 10.0.0.0/24', '10.0.0.1,1:1:1:1:1:1', '10.0.0.1,2:2:2:2:2:2'],
  ['bitmap:ip,mac range 10.0.0.0/24', '10.0.0.1,1:1:1:1:1:1', '10.0.0.1'],
  ['bitmap:ip,mac range 10.0.0.0/24', '10.0.0.1', '10.0.0.1,1:1:1:1:1:1'],
]

/** Files that create sets and elements twice, and delete elements that do not exist. */
export const FILES_WITH_EXIST: readonly SetFile[] = [
  ...TWICE.flatMap(([type, all]) => all.map((options) => `create s ${type};create s ${type} ${options}`)),
  'create s hash:ip;create s hash:net',
  'create s hash:ip netmask 24;create s hash:ip bitmask 255.255.255.0',
  'create s bitmap:port range 1-5;create s bitmap:port range 1-6',
  'create s bitmap:ip range 10.0.0.0/24;create s bitmap:ip range 10.0.0.0/24 netmask 28',
  ...AGAIN.map(([create, first, second]) => `create s ${create};add s ${first};add s ${second}`),
  `${LIST};add l a`,
  `${LIST};add l a after b`,
  `${LIST};add l a after a`,
  `${A};del a 10.0.0.0/30`,
  'destroy s',
  'flush s',
  'del s 10.0.0.1',
]
