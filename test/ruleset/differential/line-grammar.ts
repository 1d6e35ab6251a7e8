import type { Family } from '../../../src/ruleset/packet/rule-environment.ts'
import type { Chance } from './generate.ts'

/** What rules say without extensions, and what lines do to chains: pieces from which whole files are made up. */

const ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  ipv4: [
    ...['10.0.0.1', '10.1.2.3/8', '10/8', '10.1', '1.5', '0x0a.1.1.1', '010.1.1.1', '1.2.3.4/255.0.255.0', '0/0'],
    ...[
      '1.2.3.4/0',
      '1.2.3.4/33',
      '1.2.3.4/',
      '/8',
      '1.2.3.4,1.2.3.5',
      '1.2.3.4,',
      ',1.2.3.4',
      '256.1.1.1',
      '1.2.3.4.5',
    ],
    ...['::1', '1.2.3.4/0x8', '1.2.3.4/08', '" 1.2.3.4"', '1.2.3.4/255.255.255', '1.2.3.4/ffff', '0', '4294967295'],
    ...[
      '1.2.3.4/-1',
      '1.2.3.4/8/8',
      '""',
      '1.2.3.4/32,1.2.3.0/24',
      '127.1',
      '1..2.3',
      '1.2.3.4/+8',
      '"1.2.3.4, 5.6.7.8"',
    ],
  ],
  ipv6: [
    ...['::1', '2001:db8::1/32', '::', '::/0', '::1/128', '::1/129', '::1/', '/64', '::1,::2', '::1,', '2001:DB8::A'],
    ...[
      '::ffff:1.2.3.4',
      '::1.2.3.4',
      '1::2::3',
      ':1',
      '1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:7:8:9',
      '10.0.0.1',
      'fe80::1/ffff::',
    ],
    ...[
      '2001:db8::1/ffff:0:ffff::',
      '::1/0x10',
      '::1/064',
      '""',
      '1:2:3:4:5:6:7::',
      '::12345',
      '0::0',
      '::1/-1',
      'fe80::1%lo',
    ],
  ],
}
const INTERFACES = [
  ...[
    'eth0',
    'eth+',
    '+',
    '""',
    'a'.repeat(15),
    'a'.repeat(16),
    '"e th"',
    'eth/0',
    '-',
    'eth0:1',
    '+eth',
    'e*h',
    'eth++',
  ],
]
const PROTOCOLS = [
  ...[
    'tcp',
    'TCP',
    '6',
    '06',
    '0x6',
    'all',
    '0',
    '255',
    '256',
    'icmp',
    'icmpv6',
    'ipv6-icmp',
    'esp',
    'xx',
    '""',
    'Udp',
  ],
  ...[
    'sctp',
    'udplite',
    'ah',
    '-1',
    '+6',
    '" 6"',
    '99',
    '135',
    'mh',
    'ipv6-mh',
    'ALL',
    'tc',
    '132',
    '6x',
    'dccp',
    'gre',
  ],
]
const TARGETS = [
  ...[
    'ACCEPT',
    'DROP',
    'RETURN',
    'QUEUE',
    'U',
    'V',
    'W',
    'INPUT',
    'FORWARD',
    '""',
    'accept',
    'a'.repeat(28),
    'a'.repeat(29),
  ],
  ...['LOG', 'MARK', 'SNAT', 'TCPMSS', 'log', 'ACCEPT DROP', '-', '!'],
]
const COUNTERS = [
  '5 6',
  '5,6',
  '5',
  '-1 5',
  'x y',
  '18446744073709551615 1',
  '9007199254740993 1',
  '99999999999999999999 1',
  '5x 6',
  '5, 6x',
  '5,,6',
  '5 x',
  '"5 6"',
  '5, 6',
  ',6',
  '5,',
  '0x5 6',
  '05 6',
]
const MATCHES = [
  ...['-m tcp', '-m tcp --dport 5', '--dport 5', '--sport 1:', '--syn', '-m udp --dport 5', '-m comment --comment x'],
  ...[
    '-m state --state NEW',
    '--state NEW',
    '--comment x',
    '-m xx',
    '-m ""',
    '-m mark --mark 1',
    '--icmp-type 8',
    '--icmp-type 3/1',
    '--icmp-type 3/1:2',
    '--dports 1,2',
  ],
  ...['-m multiport --dports 1,2', '--limit 5/s', '-m limit', '-m TCP', '-m limit -m mark --mark 5 --limit-burst 7'],
]
const FLAGS = [
  '-f',
  '--fragments',
  '--fragment',
  '-4',
  '-6',
  '--ipv4',
  '--ipv6',
  '-v',
  '--verbose',
  '-n',
  '-w',
  '-x',
  '--line-numbers',
]

/** Names that an option may have, also shortened ones that fit one or several. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  source: ['-s', '--source', '--src', '--sour', '--sr', '--s'],
  destination: ['-d', '--destination', '--dst', '--dest', '--d'],
  in: ['-i', '--in-interface', '--in', '--in-i'],
  out: ['-o', '--out-interface', '--out'],
  protocol: ['-p', '--protocol', '--proto', '--p'],
  jump: ['-j', '--jump', '--ju', '--j', '-g', '--goto'],
  counters: ['-c', '--set-counters', '--set'],
}

/** A rule, most of it right: a few generic options in some order, each rarely with `!`, twice or joined with its value. */
export function randomRule(family: Family, chance: Chance): string {
  const words: string[] = []
  const add = (kind: string, values: readonly string[]): void => {
    const names = NAMES[kind]
    const name = chance.below(3) > 0 ? names[0] : chance.of(names)
    const value = chance.below(3) > 0 ? values[chance.below(3)] : chance.of(values)
    const negation = chance.below(6)
    if (negation === 0) words.push('!', name, value)
    else if (negation === 1 && chance.below(4) === 0) words.push(name, '!', value)
    else if (chance.below(25) === 0) words.push(`${name}${name.startsWith('--') ? '=' : ''}${value}`)
    else words.push(name, value)
  }
  for (let count = 1 + chance.below(4); count > 0; count--) {
    switch (chance.below(9)) {
      case 0:
        add('source', ADDRESSES[family])
        break
      case 1:
        add('destination', ADDRESSES[family])
        break
      case 2:
        add('in', INTERFACES)
        break
      case 3:
        add('out', INTERFACES)
        break
      case 4:
      case 5:
        add('protocol', PROTOCOLS)
        break
      case 6:
        words.push(chance.of(MATCHES))
        break
      case 7:
        if (chance.below(2) === 0) add('counters', COUNTERS)
        else words.push(chance.below(3) === 0 ? '!' : '', chance.of(FLAGS))
        break
      default:
        add('jump', TARGETS)
    }
  }
  return words.filter((word) => word !== '').join(' ')
}

const CHAINS = ['FORWARD', 'INPUT', 'OUTPUT', 'U', 'V', 'W', 'N', 'PREROUTING', 'ACCEPT', 'U', 'FORWARD']
const NUMBERS = ['', '1', '2', '3', '0', '-1', 'x', '01', '4294967297']
const RULES = ['-s 10.0.0.1 -j ACCEPT', '-p tcp -m tcp --dport 5 -j DROP', '-j U', '']
const COMMANDS: readonly ((chance: Chance) => string)[] = [
  (chance) => `-A ${chance.of(CHAINS)} ${chance.of(RULES)}`,
  (chance) => `-I ${chance.of(CHAINS)} ${chance.of(NUMBERS)} ${chance.of(RULES)}`,
  (chance) => `-R ${chance.of(CHAINS)} ${chance.of(NUMBERS)} ${chance.of(RULES)}`,
  (chance) => `-D ${chance.of(CHAINS)} ${chance.of(NUMBERS)}`,
  (chance) => `-D ${chance.of(CHAINS)} ${chance.of(RULES)}`,
  (chance) =>
    `-N ${chance.of(['N', 'U', 'INPUT', 'a'.repeat(28), 'a'.repeat(29), '""', '-x', 'ACCEPT', 'LOG', '"a b"'])}`,
  (chance) => `-X ${chance.of([...CHAINS, ''])}`,
  (chance) =>
    `-E ${chance.of(CHAINS)} ${chance.of(['N', 'U', 'INPUT', 'a'.repeat(29), 'a'.repeat(31), 'a'.repeat(32), 'ACCEPT', 'LOG', '"a b"', '-x', '!x', ''])}`,
  (chance) => `${chance.of(['-F ', '-F', '--flush='])}${chance.of([...CHAINS, ''])}`,
  (chance) => `-Z ${chance.of([...CHAINS, ''])} ${chance.of([...NUMBERS, '', ''])}`,
  (chance) =>
    `-P ${chance.of(CHAINS)} ${chance.of(['ACCEPT', 'DROP', 'DROP', 'REJECT', 'QUEUE', 'drop', '-', '', 'RETURN'])}`,
  (chance) =>
    `:${chance.of(CHAINS)} ${chance.of(['-', 'ACCEPT', 'DROP', '', 'x'])} ${chance.of(['[0:0]', '[5:6]', '[x]'])}`,
  (chance) => `[7:8] -A FORWARD ${chance.of(RULES)}`,
  (chance) =>
    chance.of([
      '[7] -A U',
      '[7:8]-A U',
      '[7:8]',
      '-A',
      '-A U x',
      'A U',
      '#',
      '# x',
      ' # x',
      ' -A U',
      '-A  U',
      '-L',
      '-S',
      '-C U -j U',
      '-Z U 1 -j U',
    ]),
  (chance) =>
    chance.of([
      '--append U -s 1.2.3.4',
      '--insert U 1',
      '--delete U 1',
      '--new N',
      '--flush',
      '--policy INPUT DROP',
      '--zero',
      '--rename U N',
    ]),
]

/** What may or may not stand after any command. */
const MORE = [
  '-j U',
  '-s 1.2.3.4',
  '-m comment --comment x',
  '-v',
  '-c 5 6',
  '-4',
  '-f',
  '! -i eth0',
  '-g U',
  '-p tcp --dport 5',
  'x',
]

/** A file that begins with some rules, and then changes them. */
export function randomLines(chance: Chance): string[] {
  const lines = ['*filter', ':INPUT ACCEPT [1:2]', ':FORWARD DROP [0:0]', ':U - [0:0]', ':V - [3:4]', ':W - [0:0]']
  lines.push('[3:4] -A FORWARD -s 10.0.0.1 -j ACCEPT', '-A FORWARD -j U', '-A U -p tcp -m tcp --dport 5 -j DROP')
  for (let count = 1 + chance.below(2); count > 0; count--) {
    const more = chance.below(10) === 0 ? ` ${chance.of(MORE)}` : ''
    lines.push(`${chance.of(COMMANDS)(chance)}${more}`.trim())
  }
  lines.push('COMMIT')
  return lines
}
