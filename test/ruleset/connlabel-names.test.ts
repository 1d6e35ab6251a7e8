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

function ours(label: string, names = parseLabelNames(FILE)): Printed {
  try {
    const text = `*filter\n-A FORWARD -m connlabel --label "${label}"\nCOMMIT\n`
    return /--label .*/.exec(printRuleset(parseRuleset(text, 'rules', 'ipv4', names)))?.[0] ?? ''
  } catch (error) {
    if (error instanceof RulesetError) return null
    throw error
  }
}

describe.skipIf(noIptables)(`names of connlabel.conf, as iptables reads and prints them ${noIptables}`, () => {
  test('numbers and names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctreplay-labels-'))
    try {
      writeFileSync(join(folder, 'connlabel.conf'), FILE)
      ASKED.forEach((label, index) => {
        writeFileSync(join(folder, `${index}`), `*filter\n-A FORWARD -m connlabel --label "${label}"\nCOMMIT\n`)
      })
      // The file is where the library looks for it in a mount namespace of this test only.
      const script = `mount -t tmpfs none /etc && mkdir /etc/xtables && cp ${folder}/connlabel.conf /etc/xtables/
        i=0; while [ $i -lt ${ASKED.length} ]; do
        if iptables-legacy-restore < ${folder}/$i 2>/dev/null
        then iptables-legacy-save | sed -n 's/.*\\(--label .*\\)/\\1/p'; iptables-legacy -F; else echo; fi; i=$((i+1)); done`
      const theirs = inNamespace(`unshare -m sh -c '${script.replaceAll("'", "'\\''")}'`).split('\n')
      expect(ASKED.map((label) => [label, ours(label)])).toEqual(
        ASKED.map((label, index) => [label, theirs[index] || null]),
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

test('a name needs the file', () => {
  expect(() => parseRuleset('*filter\n-A INPUT -m connlabel --label eth0-in\nCOMMIT\n', 'rules', 'ipv4')).toThrow(
    /rules:2:31: "eth0-in" is no number, .* give connlabel.conf with --connlabels/,
  )
  expect(() =>
    parseRuleset('*filter\n-A INPUT -m connlabel --label eth\nCOMMIT\n', 'rules', 'ipv4', parseLabelNames('1 one\n')),
  ).toThrow(/no name in the file of --connlabels/)
})

test('a label that was set by name is there by number', () => {
  const text =
    '*filter\n-A FORWARD -m connlabel --label one --set -j ACCEPT\n-A OUTPUT -m connlabel --label 1 -j DROP\nCOMMIT\n'
  const rules = compileRuleset(parseRuleset(text, 'rules', 'ipv4', parseLabelNames('1 one\n')), ENVIRONMENT)
  const connections = new FakeConnections()
  expect(decide(rules, packetOf(tcp('192.0.2.1:1>198.51.100.2:2', 'S'), { connection: 7, connections }))).toContain(
    'ACCEPT',
  )
  expect(connections.hasLabel(7, 1)).toBe(true)
})
