import { describe, expect, test } from 'vitest'
import { parseRuleset, RulesetError } from '../../src/ruleset/index.ts'

function errorsOf(text: string): readonly string[] {
  try {
    parseRuleset(text, 'rules', 'ipv4')
    return []
  } catch (error) {
    if (!(error instanceof RulesetError)) throw error
    return error.errors.map(({ line, column, text: what }) => `${line}:${column}: ${what}`)
  }
}

const FILES: Readonly<Record<string, readonly [text: string, where: string, said: string]>> = {
  'nft list ruleset': [
    'table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n',
    '1:1',
    'iptables-nft-save',
  ],
  'a file for nft -f': ['#!/usr/sbin/nft -f\n\nflush ruleset\ntable ip nat {\n}\n', '3:1', 'nftables'],
  'nft --json list ruleset': ['{"nftables": [{"metainfo": {"version": "1.1.3"}}]}\n', '1:1', 'nftables'],
  'iptables -L': [
    'Chain INPUT (policy DROP)\ntarget     prot opt source               destination\nACCEPT     tcp  --  anywhere  anywhere\n',
    '1:1',
    'iptables-save',
  ],
  'iptables -L -v': ['Chain blocked (2 references)\n pkts bytes target\n', '1:1', 'iptables -L prints'],
  'the configuration of OpenWrt': ["\nconfig defaults\n\toption input 'ACCEPT'\n", '2:1', 'on the router'],
  'ipset save': ['create blocked hash:ip family inet\nadd blocked 192.0.2.1\n', '1:1', '--ipset'],
  'a shell script': [
    '#!/bin/bash\nWAN=eth0\niptables -A INPUT -i $WAN -j DROP\nfor p in 22; do\ndone\n',
    '2:1',
    'run it, and give what iptables-save prints then',
  ],
  'a shell script with a loop': [
    '#!/usr/bin/env sh\niptables -F\nfor p in 22 80; do\n  iptables -A INPUT -p tcp --dport $p\ndone\n',
    '3:1',
    'shell script',
  ],
  'a shell script with a variable': [
    '#!/bin/sh\niptables -F\niptables -A INPUT -i $WAN -j DROP\niptables -A INPUT -i $LAN\n',
    '3:22',
    'shell script',
  ],
  'a shell script without its first line': [
    'IPT=/sbin/iptables\n$IPT -F\n$IPT -A INPUT -j DROP\n',
    '1:1',
    'shell script',
  ],
  'iptables-xml': ['<iptables-rules version="1.0">\n  <table name="filter" >\n', '1:1', 'XML'],
}

describe('files of another form are named once, with what to give in their place', () => {
  test.each(Object.entries(FILES))('%s', (_, [text, where, said]) => {
    const errors = errorsOf(text)
    expect(errors).toHaveLength(1)
    expect(errors[0].startsWith(`${where}: this is `)).toBe(true)
    expect(errors[0]).toContain(said)
  })

  test('in a table, such lines are lines that are wrong', () => {
    const errors = errorsOf('*filter\ntable inet filter {\n-A INPUT -j NONSENSE\nCOMMIT\n')
    expect(errors.map((error) => error.split(':')[0])).toEqual(['2', '3'])
  })
})

describe('a table that nobody knows', () => {
  test('is one error, up to its COMMIT', () => {
    const errors = errorsOf(
      '*fliter\n:INPUT DROP [0:0]\n-A INPUT -j NONSENSE\nCOMMIT\n*nat\n-A INPTU -j ACCEPT\nCOMMIT\n',
    )
    expect(errors).toHaveLength(2)
    expect(errors[0]).toContain('1:2: there is no table "fliter"')
    expect(errors[1]).toContain('6:4: the table nat has no chain "INPTU"')
  })

  test('or up to the next table, or to the end', () => {
    expect(errorsOf('*fliter\n-A INPUT -j ACCEPT\n*nat\n-A INPUT -j NONSENSE\nCOMMIT\n*mnagle\n-A X\n')).toHaveLength(3)
  })
})
