import { describe, expect, test } from 'vitest'
import { parseRuleset } from '../../src/ruleset/index.ts'
import { type RefusedLines, testRefused } from './refused-by-both.ts'
import { errorsOf, filter } from './support.ts'

/** By what is odd about them: lines as people write them. */
const LINES: RefusedLines = {
  'dashes and spaces': [
    ['-A FORWARD -j REJECT -reject-with tcp-reset', '3:22: -reject-with has one dash; write --reject-with'],
    ['-A FORWARD -m conntrack -ctstate NEW', '3:25: -ctstate is read as -c tstate; write --ctstate'],
    ['- A FORWARD -j DROP', '3:1: "-" stands alone; write "-A" in one word'],
    [':FORWARD ACCEPT[0:0]', '3:10: "ACCEPT[0:0]" is not a policy; write a space before ['],
    ['-A FORWARD -t nat', '3:12: -t is for the command line of iptables; put the line under the table that it names'],
    ['-A FORWARD -p tcp -- dport 22', '3:19: "--" stands alone; write "--dport" in one word'],
    ['-A FORWARD -p tcp --dport22', '3:19: the option "--dport22" is not known here; write "--dport 22"'],
    ['-A FORWARD -p tcp dport 22', '3:19: the word "dport" belongs to no option; write --dport'],
    ['-A FORWARD -j=DROP', '3:12: -j takes no "=" before its value; write "-j DROP"'],
    ['-A FORWARD !-s 10.0.0.1', '3:12: ! is a word of its own; write "! -s"'],
    ['-A FORWARD -s !10.0.0.1', '3:15: ! is a word of its own, before the option; write "! -s 10.0.0.1"'],
    ['-A FORWARD\u00a0-j DROP', '3:11: a space of another kind (U+00A0) stands here; write a plain one'],
    ['-A FORWARD -s 10.0.0.0 /24', '3:24: the word "/24" belongs to no option; write "10.0.0.0/24" in one word'],
  ],
  'upper and lower case': [
    ['-A FORWARD -J DROP', '3:12: the option "-J" is not known; did you mean -j?'],
    ['-a FORWARD -j DROP', '3:1: the option "-a" is not known; did you mean -A?'],
    ['-A FORWARD -P tcp', '3:12: -P is a second command; did you mean -p?'],
    ['-A FORWARD -j ACCEPT -A FORWARD', '3:22: -A is a second command; give each its own line'],
  ],
  lists: [
    [
      '-A FORWARD -p tcp -m multiport --dports 80, 443',
      '3:45: the word "443" belongs to no option; write the list without spaces',
    ],
    [
      '-A FORWARD -p tcp --tcp-flags SYN, ACK SYN',
      '3:40: the word "SYN" belongs to no option; write the list without spaces',
    ],
    ['-A FORWARD -p tcp -m multiport --dports 80 443', '3:44: the word "443" belongs to no option; write "80,443"'],
    ['-A FORWARD -s 10.0.0.1 10.0.0.2', '3:24: the word "10.0.0.2" belongs to no option; write "10.0.0.1,10.0.0.2"'],
    [
      '-A FORWARD -m state --state NEW ESTABLISHED',
      '3:33: the word "ESTABLISHED" belongs to no option; write "NEW,ESTABLISHED"',
    ],
    ['-A FORWARD -i eth0, eth1', '3:21: the word "eth1" belongs to no option; write a rule for each'],
    ['-A FORWARD -j LOG DROP', '3:19: the word "DROP" belongs to no option; write a rule for each'],
    ['-A FORWARD INPUT -j DROP', '3:12: the word "INPUT" belongs to no option; take it away'],
    ['-A FORWARD -m comment --comment a B', '3:35: the word "B" belongs to no option; take it away, or put "…" around'],
    ['-A FORWARD -p tcp udp', '3:19: the word "udp" belongs to no option; write a rule for each'],
    ['-A FORWARD -p tcp/udp --dport 53', '3:15: "tcp/udp" is not a protocol that is known; write a rule for each'],
    [
      '-A FORWARD -m state NEW',
      '3:21: the word "NEW" belongs to no option; write one of -m state before it, as --state',
    ],
    [
      '-A FORWARD -m comment "a b"',
      '3:23: the word "a b" belongs to no option; write one of -m comment before it, as --comment',
    ],
  ],
  ranges: [
    ['-A FORWARD -p tcp --dport 80-90', '3:27: "80-90" is not a port or service of tcp; write 80:90'],
    ['-A FORWARD -p tcp -m multiport --dports 1,80-90', '3:43: "80-90" is not a port or service of tcp; write 80:90'],
    ['-A FORWARD -s 10.0.0.1-10.0.0.9', '3:15: "10.0.0.1-10.0.0.9" is not an IPv4 address; for a range use -m iprange'],
    ['-A FORWARD -s 10.0.0.*', '3:15: "10.0.0.*" is not an IPv4 address; write a network as 192.0.2.0/24'],
    ['-A FORWARD -s any', '3:15: "any" is not an IPv4 address; leave the option out, or write 0.0.0.0/0'],
  ],
}

testRefused(LINES)

describe('tables', () => {
  test.each(['commit', 'COMMIT;', 'COMMIT # of filter'])('%s closes none, but is one error', (line) => {
    expect(errorsOf(`*filter\n-A INPUT -j ACCEPT\n${line}\n*nat\nCOMMIT\n`)).toEqual([
      `rules:3:1: "${line}" does not close the table; write COMMIT, in capitals and alone on the line`,
    ])
  })

  test('one that is not closed is an error, and the next one is read', () => {
    expect(errorsOf('*filter\n-A INPUT -j ACCEPT\n*nat\n-A PREROUTING -j ACCEPT\nCOMMIT\n')).toEqual([
      'rules:3:2: the table filter is still open; close it with COMMIT',
    ])
  })
})

test('a table without its star is one', () => {
  expect(errorsOf('filter\n:INPUT DROP [0:0]\nCOMMIT\n')).toEqual([
    'rules:1:1: a table begins with its name after *; write *filter',
  ])
})

test('lines outside of tables are one error', () => {
  expect(errorsOf(':INPUT DROP [0:0]\nCOMMIT\n*nat\nCOMMIT\nCOMMIT\n').map((error) => error.slice(0, 33))).toEqual([
    'rules:1:1: this stands outside of',
    'rules:5:1: this stands outside of',
  ])
})

test('commands without a table are told the same', () => {
  expect(errorsOf('iptables -A FORWARD -s {{ ip }} -j DROP\n')[0]).toContain('1:24: "{{ ip }}" is a placeholder')
  expect(errorsOf('iptables -A INPUT -m conntrack -ctstate NEW\n')[0]).toContain('write --ctstate')
})

test('spaces of another kind may stand in a value', () => {
  const text = filter('-A FORWARD -m comment --comment "a\u00a0b" -j DROP')
  expect(parseRuleset(text, 'rules', 'ipv4').warnings).toEqual([])
})
