import { describe, expect, test } from 'vitest'
import { compareFiles } from './compared-files.ts'
import { noIptables } from './iptables-tools.ts'

/** Lines that hardly anybody writes, each after some that are in order. */
const HEAD = `*filter
:INPUT ACCEPT [1:2]
:U - [0:0]
:V - [3:4]
[5:6] -A FORWARD -j U
-A U -s 1.2.3.4
`

const LINES: Readonly<Record<string, readonly string[]>> = {
  'names of chains': [
    ...[
      ':Z - [0:0]',
      ':B - [0:0]',
      ':LOG - [0:0]',
      ':U - [0:0]',
      ':INPUT - [7:8]',
      ':INPUT DROP [7:8]',
      ':ACCEPT - [0:0]',
    ],
    ...[
      '-N Z',
      '-N LOG',
      '-N "a b"',
      '-N ""',
      '-N !x',
      '-N -x',
      '-N tcp',
      `-N ${'a'.repeat(28)}`,
      `-N ${'a'.repeat(29)}`,
    ],
    ...[
      '-E U A',
      '-E U ACCEPT',
      '-E U LOG',
      '-E U "a b"',
      '-E U !x',
      '-E U -x',
      '-E U V',
      '-E U U',
      '-E INPUT X',
      '-E U',
    ],
    ...[29, 31, 32].map((length) => `-E U ${'a'.repeat(length)}`),
    ...[29, 31].map((length) => `-E U ${'a'.repeat(length)}\n-E V ${'a'.repeat(length)}`),
    `-E U ${'a'.repeat(28)}\n-E V ${'a'.repeat(31)}`,
  ],
  commands: [
    ...[
      '-P INPUT DROP',
      '-P INPUT DROP -c 7 8',
      '-P U DROP',
      '-P INPUT REJECT',
      '-Z',
      '-Z U',
      '-Z U 1',
      '-Z U 1 -j V',
      '-Z -c 5 6',
    ],
    ...[
      '-F U x',
      '-F U -j V',
      '-F U -v',
      '-F U -m comment --comment x',
      '-F -4',
      '-X V',
      '-X U',
      '-X',
      '-N Y -N Z',
      '-A U -A V',
    ],
    ...[
      '-L',
      '-L U',
      '-L X',
      '-L -v -n -x --line-numbers',
      '-A U -n',
      '-A U ! -v',
      '-A U -v ! -v',
      '-A U ! -vv',
      '-A U -v ! -v ! -p 6',
      '-A U -w',
      '-A U -t filter',
      '-C FORWARD -j U',
      '-C FORWARD -j V',
    ],
    ...[
      '-D U 1 -c 5 6',
      '-D FORWARD -j U -c 5 6',
      '-D U -s 1.2.3.4 -v',
      '-R U 1 -c 5 6',
      '-R U 1',
      '-R U',
      '-R U 2',
      '-I U 0',
      '-I U 3',
    ],
    ...[
      '-I U 2 -s 1.1.1.1,2.2.2.2 -j V',
      '-R FORWARD 1 -s 1.1.1.1,2.2.2.2',
      '-AU',
      '--append=U',
      '-FU',
      '-IU 1',
      '-A U x',
    ],
  ],
  counters: [
    ...[
      '5 6',
      '5,6',
      '5',
      '5x 6',
      '" 5" 6',
      '+5 6',
      '0x5 6',
      '-1 5',
      '5,,6',
      '"5 ,6"',
      '"5, 6"',
      '99999999999999999999 1',
      'x 6',
      '5 6 7',
    ].map((counters) => `-A U -c ${counters}`),
    ...[
      '-A U -c 5 6 -c 7 8',
      '-A U --set-counters=5 6',
      '-A U --set-counters=5,6',
      '-A U -c5 6',
      '-A U -c 9007199254740993 18446744073709551615',
    ],
    ...[
      '[7:8]-A U',
      '[7:8]',
      '[7] -A U',
      '[7:8 -A U',
      '[5x:6] -A U',
      '[ 5:6] -A U',
      '[5:6:7] -A U',
      '[99999999999999999999:6] -A U',
    ],
  ],
  'the generic options': [
    ...[
      '-i +',
      '! -i +',
      '-o +',
      '! -o + -i eth0',
      '-ieth0',
      '-i+',
      '--out=x',
      '--in=eth0',
      '-fi eth0',
      '-vi eth0',
      '-f -f',
      '! -f',
    ],
    ...[
      '-gV',
      '-mcomment --comment x',
      '--match=comment --comment x',
      '-m=comment --comment x',
      '-jACCEPT',
      '-M x',
      '--modprobe=x',
    ],
    ...['-4', '! -4', '-6 --nonsense', '! -6', '-s x -6', '-i aaaaaaaaaaaaaaaa -6', '-n -6', '-4 -4'],
    ...['! -d 10/8 -s 1.1.1.1,2.2.2.2', '! -s 1.1.1.1,2.2.2.2', '-s "1.1.1.1, 2.2.2.2"', '! -d 10/8 -s 1.1.1.1'],
    ...['-m multiport --dports 5 -p tcp', '! -p tcp -m multiport --dports 5', '-p tcp --dport 5 -p tcp'],
    ...['-p tcp ! --sport :', '-p udp ! --sport 0:65535', '-p sctp ! --sport :', '-p dccp ! --sport :'],
  ].map((words) => `-A FORWARD ${words}`),
}

describe.skipIf(noIptables)(`odd lines, as iptables takes and saves them ${noIptables}`, () => {
  test.each(Object.entries(LINES))('%s', (_, lines) => {
    const files = lines.map((line) => `${HEAD}${line}\nCOMMIT\n`)
    expect(compareFiles(files, 'ipv4').differing).toEqual([])
  })

  test('whole files', () => {
    const words = (count: number): string => `*filter\n-A INPUT ${'-v '.repeat(count - 2)}\nCOMMIT\n`
    const comment = (text: string): string => `*filter\n-A INPUT -m string --algo bm --string ${text}\nCOMMIT\n`
    const files = [
      ...['*filter', '*filter ', '*filter x', '* filter', '*FILTER', '*', ' *filter'].map(
        (head) => `${head}\n-A INPUT\nCOMMIT\n`,
      ),
      ...[':! - [0:0]', ':-x - [0:0]', ':"a - [0:0]', ':é - [0:0]', ':A ACCEPT [0:0]', ':INPUT accept [0:0]'].map(
        (line) => `*filter\n${line}\nCOMMIT\n`,
      ),
      ...[':A - [0:0]\n-A A -j A', ':A - [0:0]\n-A A -j A\n-A INPUT -j A'].map(
        (lines) => `*filter\n${lines}\nCOMMIT\n`,
      ),
      ...[words(251), words(252), comment('a'.repeat(128)), comment('a'.repeat(1023)), comment('é'.repeat(512))],
      ...[
        '*filter\n-A INPUT\n',
        '*filter\n-A INPUT\n*mangle\nCOMMIT\n',
        'COMMIT\n',
        '*filter\n\n# x\n-A\tINPUT\nCOMMIT\n',
      ],
      '*filter\n-A INPUT\nCOMMIT\n*filter\n-A OUTPUT\nCOMMIT\n',
    ]
    expect(compareFiles(files, 'ipv4').differing).toEqual([])
  })

  test('IPv6', () => {
    const rules = ['-s fe80::1%lo', '-s ff02::1%lo/16', '-f', '! -f -4', '! -i + -p tcp', '! -6', '-4 --nonsense']
    const files = rules.map((rule) => `${HEAD.replace('1.2.3.4', '::1')}-A FORWARD ${rule}\nCOMMIT\n`)
    expect(compareFiles(files, 'ipv6').differing).toEqual([])
  })
})
