import { Chance } from './differential/generate.ts'
import type { SetFile } from './ipset-tools.ts'

const LINES_MAX = 10

/** Values for the parts of elements: few, so that elements often occur again. */
const PARTS = {
  ip: ['10.0.0.1', '10.0.0.2', '10.0.0.0/30', '10.0.0.1-10.0.0.2', '10.0.0.3-10.0.0.2', '10.3'],
  host: ['10.0.0.1', '10.0.0.2', '[10.0.0.3]'],
  net: ['10.0.0.0/8', '10.0.0.0/9', '10.0.0.1', '10.0.0.1-10.0.0.6', '10.128.0.0/9', '10.7.7.7/8'],
  port: ['80', 'tcp:http', 'udp:80', 'icmp:ping', 'icmp:8/0', '79-81', '81-79', 'gre:0', '47:0', 'http-82'],
  plain: ['80', 'http', 'udp:81', '79-81', '90'],
  iface: ['eth0', 'eth', 'physdev:eth0'],
  mac: ['10.0.0.1', '10.0.0.2', '10.0.0.1,0:0:0:0:0:1', '10.0.0.1,00:00:00:00:00:02'],
  list: ['a', 'b', 'c'],
} as const
type Part = keyof typeof PARTS

const TYPES: Readonly<Record<string, readonly Part[]>> = {
  'hash:ip': ['ip'],
  'hash:ip netmask 30': ['ip'],
  'hash:ip maxelem 3': ['ip'],
  'hash:net': ['net'],
  'hash:ip,port': ['ip', 'port'],
  'hash:net,port': ['net', 'port'],
  'hash:ip,port,ip': ['ip', 'port', 'host'],
  'hash:ip,port,net': ['ip', 'port', 'net'],
  'hash:net,iface': ['net', 'iface'],
  'bitmap:ip range 10.0.0.0/24': ['ip'],
  'bitmap:ip range 10.0.0.0/24 netmask 31': ['ip'],
  'bitmap:ip,mac range 10.0.0.0/24': ['mac'],
  'bitmap:port range 1-100': ['plain'],
  'list:set': ['list'],
}
const EXTENSIONS = ['', 'comment', 'skbinfo', 'timeout 900', 'counters', 'timeout 0 counters', 'forceadd']
/**
 * Without counters and timeouts: when a deleted element is added again, a bitmap still has its counters, and one with
 * MACs its timeout.
 */
const BITMAP_EXTENSIONS = EXTENSIONS.slice(0, 3)
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  timeout: ['', 'timeout 800', 'timeout 0'],
  counters: ['', 'packets 5', 'bytes 6 packets 7'],
  comment: ['', 'comment x', 'comment "a b"'],
  skbinfo: ['', 'skbmark 0x5', 'skbmark 0x5/0xf0', 'skbqueue 5 skbprio 1:2'],
}
const NAMES = ['a', 'b', 'c'] as const

/** Files of several lines that create, fill and change sets. Most lines are valid. */
export function randomSetFiles(seed: number, count: number): SetFile[] {
  const chance = new Chance(seed)
  return Array.from({ length: count }, () => randomFile(chance))
}

function randomFile(chance: Chance): SetFile {
  const kinds = NAMES.map(() => {
    const type = chance.of(Object.keys(TYPES))
    return { type, extension: chance.of(type.startsWith('bitmap') ? BITMAP_EXTENSIONS : EXTENSIONS) }
  })
  const lines = NAMES.map((name, at) => `create ${name} ${kinds[at].type} ${kinds[at].extension}`)
  for (let left = chance.below(LINES_MAX); left >= 0; left--) {
    const at = chance.below(NAMES.length)
    lines.push(randomLine(NAMES[at], kinds[at], chance))
  }
  return lines.join(';')
}

function randomLine(name: string, { type, extension }: { type: string; extension: string }, chance: Chance): string {
  const element = TYPES[type].map((part) => chance.of<string>(PARTS[part])).join()
  const other = chance.of(NAMES)
  switch (chance.below(16)) {
    case 0:
      return `flush ${name}`
    case 1:
      return `swap ${name} ${other}`
    case 2:
      return `rename ${name} ${chance.of(['d', other])}`
    case 3:
      return `destroy ${name}`
    case 4:
      return `create ${name} ${type} ${extension}`
    case 5:
    case 6:
      return `del ${name} ${element}`
    default: {
      const [kind] = extension.split(' ')
      const options = chance.of(OPTIONS[kind] ?? [''])
      const net = TYPES[type].includes('net') ? chance.of(['', '', 'nomatch']) : ''
      const wildcard = TYPES[type].includes('iface') ? chance.of(['', 'wildcard']) : ''
      const place = type === 'list:set' ? chance.of(['', '', `before ${other}`, `after ${other}`]) : ''
      return `add ${name} ${element} ${options} ${net} ${wildcard} ${place}`
    }
  }
}
