import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compileRuleset, parseLabelNames, parseRuleset, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import { tcp } from '../support/packets.ts'
import { inNamespace, noIptables, type Printed } from './iptables-tools.ts'
import { decide, ENVIRONMENT, FakeConnections, packetOf } from './support.ts'

const FILE = [
  '# names',
  '1 one',
  '0x2 two  words',
  '3 3x',
  '  4 four',
  '5\tfive',
  '6 six  ',
  '7',
  '7 late',
  '9 one',
  '9 nine',
  '1 again',
  '10 11',
  '11 eleven',
  '12 a"b',
  '12 a,b',
  '13 thirteen # no comment',
  '010 octal',
  '09 bad',
  '-1 minus',
  '+14 plus',
  '15 with\ttab',
  '16 CR\r',
  '17x joined',
  '0X12 hex',
  '19 é',
  '20 _u',
  '21 -d',
  '22 120',
  '127 top',
  '128 high',
  '1023 higher',
  '1024 beyond',
  '24 99999999999999999999999',
  ' # 25 no',
  '26 end',
].join('\n')

const ASKED = [
  ...Array.from({ length: 30 }, (_, number) => `${number}`),
  ...['one', 'two  words', 'two', '3x', 'four', 'five', 'six', 'six  ', 'late', 'nine', 'again', 'eleven', 'a,b'],
  ...['thirteen', 'octal', 'bad', '9 bad', 'minus', 'plus', 'with', 'CR', 'joined', 'x joined', 'hex', '-d', '120'],
  ...['top', 'high', 'higher', 'beyond', 'no', 'end', '127', '128', '1023', '65537', '0x1', '01', ' 1', '1 ', '+1'],
  ...['4294967297', '99999999999999999999999', '18446744073709551616', '', 'One', '_u'],
]

/** Further files: without names, with odd numbers, with odd separators, and with long lines. */
const OTHER_FILES: readonly string[] = [
  ...[
    '',
    '\n\n',
    'junk\n',
    '# 1 a\n',
    '1\n2\n',
    '1 a,b\n',
    '1024 a\n',
    '1.5 a\n',
    '1=a\n',
    '+ 1 a\n',
    '1 a # b\n',
    '1 é\n',
  ],
  ...['-0 a\n', '-18446744073709551615 a\n', '-1 a\n1 b', '18446744073709551617 a\n1 b', '18446744073709551616 a\n1 b'],
  ...[
    '1 a\r\n2 b\r\n',
    '0x1g\n',
    '0x1 g',
    '0x1ag b',
    '08 a',
    '1 99',
    '1 a b \n2 a  b',
    '\v1 a\n\f2 b',
    '1a b',
    '1-a',
    '1- a',
  ],
  ...[1019, 1020, 1021, 1022].map((length) => `1 ${'a'.repeat(length)}\n2 b`),
  ...[1020, 1021, 1022, 1023].map((length) => `1 a\n${' '.repeat(length)}2 b`),
  `1 ${'a b '.repeat(400)}\n3 c`,
  `#${'x'.repeat(1018)} 25 a\n2 b`,
  `#${'x'.repeat(1022)}5 a\n2 b`,
  `#${'é'.repeat(511)}5 a\n2 b`,
]
const ASKED_OF_OTHERS = ['0', '1', '2', '3', '5', '8', '25', '26', '99', 'a', 'b', 'a b', 'a-', '-a', 'c', 'x1g', 'g']

interface AskedFile {
  readonly file: string
  readonly labels: readonly string[]
}

function ours(file: string, label: string): Printed {
  try {
    const text = `*filter\n-A FORWARD -m connlabel --label "${label}"\nCOMMIT\n`
    const names = parseLabelNames(file, 'connlabel.conf')
    return /--label .*/.exec(printRuleset(parseRuleset(text, 'rules', 'ipv4', names)))?.[0] ?? ''
  } catch (error) {
    if (error instanceof RulesetError) return null
    throw error
  }
}

/** What iptables-legacy prints for the labels, with each file installed as connlabel.conf. */
function theirs(asked: readonly AskedFile[]): Printed[][] {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-labels-'))
  try {
    asked.forEach(({ file, labels }, number) => {
      writeFileSync(join(folder, `${number}.conf`), file)
      labels.forEach((label, index) => {
        const rule = `*filter\n-A FORWARD -m connlabel --label "${label}"\nCOMMIT\n`
        writeFileSync(join(folder, `${number}.${index}`), rule)
      })
    })
    // Runs in a mount namespace of its own. If the file has no name, iptables-legacy reports an error and saves a match
    // without its label.
    const script = `mount -t tmpfs none /etc && mkdir /etc/xtables && cd ${folder}
      ask() { cp $1.conf /etc/xtables/connlabel.conf; i=0; while [ $i -lt $2 ]; do
      if iptables-legacy-restore < $1.$i >/dev/null 2>&1
      then echo "$(iptables-legacy-save 2>/dev/null | sed -n 's/.*-m connlabel *//p')"; iptables-legacy -F; else echo; fi; i=$((i+1)); done; }
      ${asked.map(({ labels }, number) => `ask ${number} ${labels.length}`).join('\n')}`
    const lines = inNamespace(`unshare -m sh -c '${script.replaceAll("'", "'\\''")}'`).split('\n')
    return asked.map(({ labels }) => labels.map(() => lines.shift() || null))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe.skipIf(noIptables)(`names of connlabel.conf, as iptables reads and prints them ${noIptables}`, () => {
  const compare = (asked: readonly AskedFile[]): void => {
    const answers = theirs(asked)
    const each = asked.flatMap(({ file, labels }, number) =>
      labels.map((label, index) => ({ file, label, ours: ours(file, label), theirs: answers[number][index] })),
    )
    expect(each.filter((one) => one.ours !== one.theirs)).toEqual([])
  }

  test('numbers and names', () => compare([{ file: FILE, labels: ASKED }]))

  test('files with few names or none, and long lines', () =>
    compare(OTHER_FILES.map((file) => ({ file, labels: ASKED_OF_OTHERS }))))
})

test('a file without a name is refused', () => {
  expect(() => parseLabelNames('# none\neth0-in\n', 'labels')).toThrow(
    'labels:1:1: no name of a label in this file; write lines of a number and a name, as 1 eth0-in',
  )
})

test('a name needs the file', () => {
  expect(() => parseRuleset('*filter\n-A INPUT -m connlabel --label eth0-in\nCOMMIT\n', 'rules', 'ipv4')).toThrow(
    /rules:2:31: "eth0-in" is no number, .* give connlabel.conf with --connlabels/,
  )
  expect(() =>
    parseRuleset(
      '*filter\n-A INPUT -m connlabel --label eth\nCOMMIT\n',
      'rules',
      'ipv4',
      parseLabelNames('1 one\n', 'connlabel.conf'),
    ),
  ).toThrow(/no name in the file of --connlabels/)
})

test('a label that was set by name can be matched by number', () => {
  const text =
    '*filter\n-A FORWARD -m connlabel --label one --set -j ACCEPT\n-A OUTPUT -m connlabel --label 1 -j DROP\nCOMMIT\n'
  const rules = compileRuleset(
    parseRuleset(text, 'rules', 'ipv4', parseLabelNames('1 one\n', 'connlabel.conf')),
    ENVIRONMENT,
  )
  const connections = new FakeConnections()
  expect(decide(rules, packetOf(tcp('192.0.2.1:1>198.51.100.2:2', 'S'), { connection: 7, connections }))).toContain(
    'ACCEPT',
  )
  expect(connections.hasLabel(7, 1)).toBe(true)
})
