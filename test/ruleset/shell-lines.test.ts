import { describe, expect, test } from 'vitest'
import { parseRuleset, printRuleset } from '../../src/ruleset/index.ts'
import { errorsOf } from './support.ts'

function rulesIn(lines: readonly string[]): { rules: string[]; warnings: readonly string[] } {
  const ruleset = parseRuleset(lines.map((line) => `${line}\n`).join(''), 'rules', 'ipv4')
  const rules = printRuleset(ruleset)
    .split('\n')
    .filter((line) => /^[-*]/.test(line))
  return { rules, warnings: ruleset.warnings }
}

describe('commands of a shell', () => {
  test('of a script, with tables, quotes and comments', () => {
    const { rules, warnings } = rulesIn([
      '#!/bin/sh',
      'iptables -F',
      'iptables -P INPUT DROP   # the policy',
      '/sbin/iptables -N BAD',
      `iptables -A BAD -j LOG --log-prefix 'it "is" bad: '`,
      'iptables -A INPUT -s ! 10.0.0.0/8 -j BAD',
      'iptables -I INPUT -i lo -j ACCEPT',
      '  sudo iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE',
      'iptables-legacy -w 5 --table=nat -A PREROUTING -m comment --comment a\\ b',
      'ip6tables -A INPUT -j DROP',
    ])
    expect(rules).toEqual([
      '*filter',
      '-A INPUT -i lo -j ACCEPT',
      '-A INPUT ! -s 10.0.0.0/8 -j BAD',
      '-A BAD -j LOG --log-prefix "it \\"is\\" bad: "',
      '*nat',
      '-A PREROUTING -m comment --comment "a b"',
      '-A POSTROUTING -o eth0 -j MASQUERADE',
    ])
    expect(warnings.join('\n')).toMatch(
      /are commands[\s\S]*is the old order[\s\S]*of ip6tables are for the other family/,
    )
  })

  test('as iptables -S prints them', () => {
    const { rules } = rulesIn([
      '-P INPUT DROP',
      '-N X',
      '-A INPUT -p tcp -m tcp --dport 22 -c 5 6 -j X',
      '-A X -j ACCEPT',
    ])
    expect(rules).toEqual(['*filter', '-A INPUT -p tcp -m tcp --dport 22 -j X', '-A X -j ACCEPT'])
  })

  test.each([
    ['iptables -A INPUT -i $WAN -j DROP', 'rules:1:22: only a shell knows what "$" stands for here; run the script'],
    ['iptables -A INPUT -j DROP; reboot', 'rules:1:26: ";" is for a shell; run the script'],
    ['iptables -A INPUT \\', 'rules:1:19: the command goes on below; write it on one line'],
    ["iptables -A INPUT -m comment --comment 'a", "rules:1:40: a quote is opened and never closed; add a closing '"],
    ['iptables -t fliter -A INPUT', 'rules:1:10: there is no table "fliter"; did you mean filter?'],
    ['iptables -V', 'rules:1:10: -V is for the command line of iptables; take it away here'],
    ['iptables -A INPUT -n', 'rules:1:19: -n is for lists; take it away'],
    ['for i in 1 2; do', 'rules:1:1: this stands outside of a table; begin a table with *filter, or give'],
    ['iptables', 'rules:1:1: the command does nothing; take it away'],
  ])('%s', (line, error) => {
    expect(errorsOf(`${line}\n`)[0]).toContain(error)
  })

  test('not together with tables', () => {
    expect(errorsOf('*filter\nCOMMIT\niptables -F\n')[0]).toContain('rules:3:1: tables stand above')
    expect(errorsOf('iptables -F\n*filter\nCOMMIT\n')[0]).toContain('rules:2:2: commands stand above')
  })
})

describe('files as editors leave them', () => {
  test('a byte order mark, DOS line ends, no last line end', () => {
    const { warnings, tables } = parseRuleset('\ufeff*filter\r\n-A INPUT\t-j  DROP\r\nCOMMIT', 'rules', 'ipv4')
    expect(tables[0].chains[0].rules).toHaveLength(1)
    expect(warnings.map((text) => text.replace(/^rules: /, '').slice(0, 24))).toEqual([
      'the file begins with a b',
      'line 3: the last line ha',
      'the lines end as in DOS ',
    ])
  })
})
