import { describe, expect, test } from 'vitest'
import { parseRuleset, printRuleset } from '../../src/ruleset/index.ts'
import { errorsOf, filter } from './support.ts'

/** The canonical rules of FORWARD. */
function canonical(...lines: string[]): string[] {
  return printRuleset(parseRuleset(filter(':U - [0:0]', ...lines), 'rules', 'ipv4'))
    .split('\n')
    .filter((line) => line.startsWith('-A'))
}

test('a chain that is declared again is emptied, with a warning', () => {
  const text = '*filter\n:U - [0:0]\n-A U -j DROP\n:U - [0:0]\n-A U -j ACCEPT\n-S\nCOMMIT\n'
  const ruleset = parseRuleset(text, 'rules', 'ipv4')
  expect(printRuleset(ruleset)).not.toContain('DROP')
  expect(ruleset.warnings).toEqual([
    'rules: line 4: "U" stands above, too; iptables-nft empties it here, iptables-legacy refuses it',
    'rules: line 6: iptables-legacy-restore may refuse -S',
  ])
})

test('a generic option with = is taken with a warning: iptables-restore refuses it', () => {
  const warningsOf = (rule: string): readonly string[] =>
    parseRuleset(`*filter\n-A FORWARD ${rule} -j DROP\nCOMMIT\n`, 'rules', 'ipv4').warnings
  expect(warningsOf('--protocol=tcp')).toEqual([
    'rules: line 2: iptables-restore refuses "--protocol=tcp"; write the value apart, as "--protocol tcp"',
  ])
  expect(warningsOf('-ptcp')).toEqual([
    'rules: line 2: iptables-restore refuses "-ptcp"; write the value apart, as "-p tcp"',
  ])
  expect(warningsOf('-ieth0')).toEqual([
    'rules: line 2: iptables takes "-ieth0" as a whole for the interface; write "-i eth0"',
  ])
  expect(warningsOf('-p tcp --dport=22')).toEqual([])
})

describe('what people write becomes what iptables-save prints', () => {
  test.each([
    ['-A FORWARD -s 10/8', '-A FORWARD -s 10.0.0.0/8'],
    ['-A FORWARD -s 192.168/16 -d 10.1', '-A FORWARD -s 192.168.0.0/16 -d 10.1.0.0/32'],
    ['-A FORWARD -s 10.0.0.0/255.0.255.0', '-A FORWARD -s 10.0.0.0/255.0.255.0'],
    ['-A FORWARD -s 0/0', '-A FORWARD'],
    ['-A FORWARD ! -s 0/0', '-A FORWARD ! -s 0.0.0.0/0'],
    ['-A FORWARD -p 6 --dport 80', '-A FORWARD -p tcp -m tcp --dport 80'],
    ['-A FORWARD -p TCP --dport http -j ACCEPT', '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'],
    ['-A FORWARD -p tcp --dport=80', '-A FORWARD -p tcp -m tcp --dport 80'],
    ['-A FORWARD -p tcp --dpo 80', '-A FORWARD -p tcp -m tcp --dport 80'],
    ['-A FORWARD -p all -j RETURN', '-A FORWARD -j RETURN'],
    ["-A FORWARD -m comment --comment 'a'", '-A FORWARD -m comment --comment "\\\'a\\\'"'],
    ['-A FORWARD -m comment --comment ""', '-A FORWARD -m comment --comment ""'],
    [
      '-A FORWARD -p tcp -m conntrack --ctstate NEW --dport 3',
      '-A FORWARD -p tcp -m conntrack --ctstate NEW -m tcp --dport 3',
    ],
    ['-A FORWARD -i + -o +', '-A FORWARD'],
    ['-A FORWARD -p 253 -j ACCEPT', '-A FORWARD -p 253 -j ACCEPT'],
    ['-A FORWARD -m state --state new,Est', '-A FORWARD -m state --state NEW,ESTABLISHED'],
    ['-A FORWARD -p tcp --dport :3 --sport 5:', '-A FORWARD -p tcp -m tcp --sport 5:65535 --dport 0:3'],
    ['-A FORWARD -p tcp ! --syn', '-A FORWARD -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN'],
    ['-A FORWARD -p icmp ! --icmp-type host-unreachable', '-A FORWARD -p icmp -m icmp ! --icmp-type 3/1'],
    ['-A FORWARD -m limit', '-A FORWARD -m limit --limit 3/hour'],
    ['-A FORWARD -m limit --limit 333/minute', '-A FORWARD -m limit --limit 333/min'],
    ['-A FORWARD -j MARK --set-mark 5/3', '-A FORWARD -j MARK --set-xmark 0x5/0x7'],
    ['-A FORWARD -j MARK --and-mark 6', '-A FORWARD -j MARK --set-xmark 0x0/0xfffffff9'],
    ['-A FORWARD -j REJECT --reject-with host-prohib', '-A FORWARD -j REJECT --reject-with icmp-host-prohibited'],
    ['-A FORWARD -g U', '-A FORWARD -g U'],
    ['  -A   FORWARD\t-j\tDROP ', '-A FORWARD -j DROP'],
    ['-A FORWARD -j LOG --log-prefix "a b" --log-level info', '-A FORWARD -j LOG --log-prefix "a b" --log-level 6'],
  ])('%s', (line, expected) => {
    expect(canonical(line)).toEqual([expected])
  })

  test('lists of addresses become several rules', () => {
    expect(canonical('-A FORWARD -s 10.0.0.1,10.0.0.2 -d 1.1.1.1,2.2.2.2')).toEqual([
      '-A FORWARD -s 10.0.0.1/32 -d 1.1.1.1/32',
      '-A FORWARD -s 10.0.0.1/32 -d 2.2.2.2/32',
      '-A FORWARD -s 10.0.0.2/32 -d 1.1.1.1/32',
      '-A FORWARD -s 10.0.0.2/32 -d 2.2.2.2/32',
    ])
  })

  test('-I puts several rules in turn at the same place', () => {
    expect(canonical('-A FORWARD -j DROP', '-I FORWARD -s 10.0.0.1,10.0.0.2')).toEqual([
      '-A FORWARD -s 10.0.0.2/32',
      '-A FORWARD -s 10.0.0.1/32',
      '-A FORWARD -j DROP',
    ])
  })

  test('commands besides -A', () => {
    expect(
      canonical(
        '-N V',
        '-A V -j DROP',
        '-E V W',
        '-A FORWARD -j W',
        '-A FORWARD -p udp',
        '-A FORWARD -p tcp',
        '-D FORWARD 2',
        '-D FORWARD -p tcp',
        '-R FORWARD 1 -p icmp -j W',
        '-N X',
        '-X X',
        '-A U -j DROP',
        '-F U',
      ),
    ).toEqual(['-A FORWARD -p icmp -j V', '-A W -j DROP'].map((line) => line.replace('-j V', '-j W')))
  })

  test('rules of the other family are left out of shared files', () => {
    expect(canonical('-6 -A FORWARD -s ::1 -j DROP', '-4 -A FORWARD -j ACCEPT')).toEqual(['-A FORWARD -j ACCEPT'])
  })

  test('the old place of ! is taken, with a warning', () => {
    const parsed = parseRuleset(filter('-A FORWARD -s ! 10.0.0.1 -j DROP'), 'rules', 'ipv4')
    expect(printRuleset(parsed)).toContain('-A FORWARD ! -s 10.0.0.1/32 -j DROP')
    expect(parsed.warnings).toHaveLength(1)
  })

  test('counters are kept', () => {
    const text =
      '*filter\n:INPUT ACCEPT [1:2]\n:FORWARD DROP [3:4]\n:OUTPUT ACCEPT [0:0]\n[5:6] -A FORWARD -j DROP\nCOMMIT\n'
    expect(printRuleset(parseRuleset(text, 'rules', 'ipv4'), { counters: true })).toBe(text)
  })

  test('DOS line ends, a missing last line end and spaces around COMMIT only warn', () => {
    const parsed = parseRuleset('*filter\r\n-A FORWARD -j DROP\r\nCOMMIT \r\n\r\n#x\r\n*raw\nCOMMIT', 'rules', 'ipv4')
    expect(parsed.tables.map(({ name }) => name)).toEqual(['filter', 'raw'])
    expect(parsed.warnings).toHaveLength(3)
  })

  test('the same table again replaces the first', () => {
    const parsed = parseRuleset(`${filter('-A FORWARD -j DROP')}${filter('-A FORWARD -j ACCEPT')}`, 'rules', 'ipv4')
    expect(parsed.tables).toHaveLength(1)
    expect(printRuleset(parsed)).not.toContain('-j DROP')
  })

  test('the nat table is read', () => {
    const text =
      '*nat\n-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 3128\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n'
    const parsed = parseRuleset(text, 'rules', 'ipv4')
    expect(printRuleset(parsed)).toContain('-j REDIRECT --to-ports 3128')
  })
})

describe('what is wrong is refused with its place', () => {
  test.each([
    ['-A FORWARD --dport 80 -p tcp', '3:12: the option "--dport"'],
    ['-A FORWARD -p tcp -m tcp --sport 3 --sport 4', '3:36: --source-port is given twice'],
    ['-A FORWARD ! -s 10.0.0.1,10.0.0.2', '3:17: ! cannot stand in a rule with several'],
    ['-A FORWARD ! -p all -j RETURN', '3:17: no packet can match'],
    ['-A FORWARD ! -p tcp -m tcp --dport 3', '3:24: -m tcp needs -p tcp'],
    ['-A FORWARD -m multiport --dports 3', '3:15: -m multiport needs -p tcp or'],
    ['-A FORWARD -j NOSUCH', '3:15: "NOSUCH" is neither'],
    ['-A FORWARD -m nosuch', '3:15: the match "nosuch"'],
    ['-A FORWARD -j REJECT --reject-with tcp-reset', '3:36: only TCP knows resets'],
    ['-A FORWARD -s foo.bar', '3:15: "foo.bar" is a name'],
    ['-A FORWARD -s ::1', '3:15: "::1" is not an IPv4 address; put it into'],
    ['-A FORWARD -s 1.2.3', ''],
    ['-A FORWARD -s 1.2.3.256', '3:15: "1.2.3.256" is not an IPv4 address'],
    ['-A FORWARD -s 1.2.3.4/33', '3:15: "33" is not a mask'],
    ['-A NOSUCH -j DROP', '3:4: the table filter has no chain "NOSUCH"'],
    ['-A FORWARD -j DROP extra', '3:20: the word "extra"'],
    ['-A FORWARD -j ACCEPT -j DROP', '3:22: -j is a second target'],
    ['-A FORWARD -s 1.1.1.1 -s 2.2.2.2', '3:23: -s is given twice'],
    ['-A FORWARD ! -j DROP', '3:14: ! cannot stand before -j'],
    ['-A FORWARD ! ! -s 1.1.1.1', '3:14: two ! in a row'],
    ['-A FORWARD -m comment --comment "abc', '3:33: a quote is opened'],
    ['-A FORWARD -m conntrack --ctstate NEW,', '3:35: "" is not a state'],
    ['-A FORWARD -p 300', '3:15: "300" is not a protocol'],
    ['-A FORWARD -p tcp --dport 5:3', '3:27: the ports 5:3 run backwards'],
    ['-A FORWARD -p tcp --syn --tcp-flags ALL NONE', '3:25: --tcp-flags cannot stand together'],
    ['-A FORWARD -p icmp -m icmp', '3:23: icmp needs --icmp-type'],
    ['-A FORWARD -i verylonginterfacename0', '3:15: "verylonginterfacename0" is too long'],
    ['-A INPUT -o eth0', '3:10: INPUT knows no outgoing'],
    ['-A FORWARD -m owner --uid-owner 0', '3:1: -m owner works only in OUTPUT'],
    ['-A OUTPUT -m mac --mac-source 00:11:22:33:44:aa', '3:1: -m mac works only in'],
    ['-A FORWARD -j NOTRACK', '3:15: -j NOTRACK cannot be used in the table filter'],
    ['-A FORWARD -j INPUT', '3:1: a rule cannot go to the base chain'],
    ['-A FORWARD -m limit --limit 20000/s', '3:29: 20000/s is too fast'],
    ['-A FORWARD -m limit --limit 3/day', ''],
    ['-N ACCEPT', '3:4: "ACCEPT" is a target'],
    ['-N A1234567890123456789012345678', '3:4: "A1234567890123456789012345678" cannot'],
    ['-P FORWARD REJECT', '3:12: "REJECT" is not a policy'],
    ['-A FORWARD -m tcp', '3:15: -m tcp needs -p tcp'],
    [
      '-A FORWARD --dport 80',
      '3:12: the option "--dport" is not known here; it needs what it belongs to before it, as -p tcp',
    ],
    ['-A FORWARD --state NEW', '3:12: the option "--state" is not known here; it needs -m state before it'],
    ['-A FORWARD -m time --days Mon', '3:20: the option "--days" is not known here; write --weekdays'],
    ['-A FORWARD -m mark --nonsense', '3:20: the option "--nonsense" is not known here; mark has --mark'],
    ['-A FORWARD -m State', '3:15: the match "State" is not supported; write state'],
    [
      '-A FORWARD -j Reject',
      '3:15: "Reject" is neither a chain declared above nor a target that is supported; write REJECT',
    ],
    [
      '-A FORWARD -p tcp --dport 80,443',
      '3:27: "80,443" is not a port or service of tcp; for several use -m multiport',
    ],
    ['[5] -A FORWARD', '3:1: the counters are not closed or lack one; write [packets:bytes]'],
    ['[5:6 -A FORWARD', '3:1: the counters are not closed or lack one; write [packets:bytes]'],
    [':U ACCEPT [0:0]', ''],
    ['-s 10.0.0.1', '3:1: the line says not what to do'],
    ['--limit', '3:1: the option "--limit" is not known'],
  ])('%s', (line, expected) => {
    const errors = errorsOf(filter(line))
    if (expected === '') expect(errors).toEqual([])
    else expect(errors[0]).toContain(`rules:${expected}`)
  })

  test('a loop that packets can reach', () => {
    const errors = errorsOf(filter(':A - [0:0]', ':B - [0:0]', '-A FORWARD -j A', '-A A -j B', '-A B -j A'))
    expect(errors).toEqual(['rules:7:1: this closes a loop: "A" leads here; take the jump out'])
  })

  test('a loop that no packet can reach is none of our business', () => {
    expect(errorsOf(filter(':A - [0:0]', '-A A -j A'))).toEqual([])
  })

  test('text outside of a table, an unknown table, a table without COMMIT', () => {
    expect(errorsOf('FORWARD\n*nosuch\n*filter\n')).toEqual([
      'rules:1:1: this stands outside of a table; begin a table with *filter, or give what iptables-save prints',
      'rules:2:2: there is no table "nosuch"; tables are raw, mangle, nat, filter and security',
      'rules:3:1: the table filter is not closed; write COMMIT behind its rules',
    ])
  })

  test('at most 20 errors are told', () => {
    expect(errorsOf(filter(...Array<string>(50).fill('-A NOSUCH')))).toHaveLength(20)
  })

  test('a ruleset of noise neither crashes nor hangs', () => {
    expect(
      errorsOf('\u0000\u0001"\n*\n:\n*filter\n!\n-\n--\n"\n[\n:\n: :\n-A\n-A FORWARD -p\n').length,
    ).toBeGreaterThan(5)
  })
})
