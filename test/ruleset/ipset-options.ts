import { NUMBERS } from './ipset-elements.ts'
import type { SetFile } from './ipset-tools.ts'

/** Options to put after a type or an element, including none. */
function options(text: string): readonly string[] {
  return ['', ...text.trim().split(/ *[|\n] */)]
}

function withNumbers(names: string): string[] {
  return names.split(' ').flatMap((name) => NUMBERS.map((number) => `${name} ${number}`))
}

/** Divides the options among the types: all types read numbers in the same way. */
function turnOf(type: number, all: readonly string[]): readonly string[] {
  return all.filter((_, at) => (at + type) % TURNS === 0)
}

const TURNS = 4

const CREATE_NUMBERS = withNumbers('timeout maxelem bucketsize initval markmask netmask size probes resize gc range')
const CREATE_OPTIONS = options(`
  counters | comment | skbinfo | forceadd | nomatch | wildcard | counters counters | timeout 5 timeout 5
  hashsize 64 | hashsize 64 hashsize 64 | netmask 24 netmask 24 | netmask 32 | netmask 33 | netmask 128
  family inet | family inet6 | family ipv4 | family ipv6 | family unspec | family INET | family any | family | -4
  -6 | -4 -6 | family inet6 family inet6 | --timeout 5 | -timeout 5 | --family inet6 | TIMEOUT 5 | time 5
  bitmask 255.0.255.0 | bitmask 0.0.0.0 | bitmask 24 | bitmask 0xffffff00 | bitmask ffff:: | bitmask x
  family inet6 bitmask ffff:: | bitmask ffff:: family inet6 | family inet6 bitmask :: | family inet6 netmask 64
  netmask 64 family inet6 | family inet6 netmask 129 | netmask 24 bitmask 255.255.255.0 | from 1 to 5 | from x
  nosuch | packets 5 | -exist | --exist | -! | -q | -quiet | -o save | -o | -o foo | -file x | -x | #
`)
const PORT_RANGES = options(`
  range 1-5 | range 5-1 | range 5-5 | range 5 | range 0-65535 | range 0-65536 | range http-https | range http
  range udp:1-5 | range 6:1-5 | range sctp:1-5 | range gre:0 | range [ftp-data]-80 | range ftp-data-80 | range 1-
  range 1-5 range 1-6 | from 1 to 5 | from 5 to 1 | from http to https | from 1 | to 5 | from 1-5 to 9
  range 1-5 from 1 | to 5 from 1
`)
const ADDRESS_RANGES = options(`
  range 10.0.0.0/16 | range 10.0.0.0/15 | range 10.0.0.1 | range 10.0.0.5/24 | range 10.0.0.9-10.0.0.1
  range 10.0.0.5-10.0.0.5 | range 10.0.0.1-10.1.0.0 | range 10.0.0.1-10.1.0.1 | range 10.0.0.0/0
  range 10.0.0.0/32 | range 10.0.0.0/31 | range ::1 | range x | range 10.0.0.0/33 | range [10.0.0.5]-[10.0.0.9]
  from 10.0.0.0 | range 10.0.0.0/8 netmask 24 | range 10.0.0.0/8 netmask 25 | range 0.0.0.0/0 netmask 16
  range 0.0.0.0/0 netmask 17 | range 10.0.0.0-10.0.0.9 netmask 28 | range 10.0.0.3-10.0.0.130 netmask 28
  range 10.0.0.5-10.0.0.40 netmask 30 | range 10.0.0.0/24 family inet | range 10.0.0.0/24 range 10.0.0.0/24
  from 10.0.0.0 to 10.0.0.5 | to 10.0.0.5 | from 10.0.0.5 to 10.0.0.0 | from 10.0.0.0/24 to 10.0.0.9
  from 10.0.0.0 to 10.0.0.5 netmask 30 | range 10.0.0.0/24 netmask 28 | range 10.0.0.0/24 netmask 24
  range 10.0.0.0/24 netmask 23 | range 10.0.0.0/24 netmask 32 | range 10.0.0.0/24 netmask 0
  range 10.0.0.0/24 netmask 33
`)
const OLD_NAMES = options(`
  iphash | nethash | ipporthash | ipportiphash | ipportnethash | netporthash | netifacehash | setlist | iptree
  ipmap range 10.0.0.0/24 | macipmap range 10.0.0.0/24 | portmap range 1-5 | hash | HASH:IP | "hash:ip" | hash: ip
`)

/** A valid element of each type. */
const SAMPLES: readonly (readonly [create: string, element: string])[] = [
  ['hash:ip', '10.0.0.1'],
  ['hash:net', '10.0.0.0/8'],
  ['hash:ip,port', '10.0.0.1,80'],
  ['hash:net,port', '10.0.0.0/8,80'],
  ['hash:ip,port,ip', '10.0.0.1,80,10.0.0.2'],
  ['hash:ip,port,net', '10.0.0.1,80,10.0.0.0/8'],
  ['hash:net,iface', '10.0.0.0/8,eth0'],
  ['bitmap:ip range 10.0.0.0/24', '10.0.0.1'],
  ['bitmap:ip,mac range 10.0.0.0/24', '10.0.0.1'],
  ['bitmap:port range 1-100', '80'],
  ['list:set', 'other'],
]

/** Files that create a set, with options of every type. */
export function filesOfCreates(): SetFile[] {
  const of = (types: readonly string[], after: readonly string[]): SetFile[] =>
    types.flatMap((type) => after.map((word) => `create s ${type} ${word}`))
  return [
    ...SAMPLES.flatMap(([create], type) => of([create], [...CREATE_OPTIONS, ...turnOf(type, CREATE_NUMBERS)])),
    ...of(['bitmap:port'], PORT_RANGES),
    ...of(['bitmap:ip', 'bitmap:ip,mac'], ADDRESS_RANGES),
    ...OLD_NAMES.map((name) => `create s ${name}`),
  ]
}

const ADD_NUMBERS = withNumbers('timeout packets bytes skbqueue')
const ADD_OPTIONS = [
  ...[255, 256].map((length) => `comment ${'a'.repeat(length)}`),
  ...[127, 128].map((length) => `comment "${'é'.repeat(length)}"`),
  'comment "a\\"',
  ...options(`
    packets 18446744073709551614 | packets 18446744073709551615 | bytes 18446744073709551614 | bytes 6 packets 5
  comment x | comment "a b" | comment "" | a | a | comment # | é | é | comment nomatch | comment a"b c"d | nomatch
  nomatch nomatch | wildcard | nomatch wildcard | skbmark | skbmark 5 | skbmark 0x5 | skbmark 0X5
  skbmark 0x5/0xff | skbmark 0x5/5 | skbmark 0x5/0x0 | skbmark 0x0/0xff | skbmark 0x | skbmark 0x5x | skbmark +0x5
  skbmark 0x100000005 | skbmark 0x5/0x1000000ff | skbmark x | skbprio 1:5 | skbprio 1 | skbprio 10000:5
  skbprio 0x1:0x5 | skbprio 1:5x | skbprio g:1 | skbprio :1 | skbprio 1: | skbprio -1:5 | timeout 5 timeout 5
  timeout 5 packets 5 bytes 6 | before other | after other | before | -exist | -q | nosuch | nosuch 5 | --packets 5
  `),
]

/** Files with one element and options after it, in sets with and without the extensions that these need. */
export function filesOfOptions(): SetFile[] {
  return SAMPLES.flatMap(([create, element], type) =>
    [...ADD_OPTIONS, ...turnOf(type, ADD_NUMBERS)].flatMap((option) =>
      ['timeout 9 counters comment skbinfo', ''].map(
        (extensions) => `create other hash:ip;create s ${create} ${extensions};add s ${element} ${option}`,
      ),
    ),
  )
}
