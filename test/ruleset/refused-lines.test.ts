import { expect, test } from 'vitest'
import { type RefusedLines, testRefused } from './refused-by-both.ts'
import { errorsOf, filter } from './support.ts'

/** By what people take a file for iptables-restore for. */
const LINES: RefusedLines = {
  'comments behind rules': [
    [
      '-A FORWARD -p tcp --dport 22 -j ACCEPT # ssh',
      '3:40: a comment needs a line of its own; write it above the rule, or as -m comment --comment "…"',
    ],
    ['-A FORWARD -p tcp --dport 23 -j DROP #telnet', '3:38: a comment needs a line of its own'],
    ['-A FORWARD -p tcp --dport # ssh', '3:27: a comment needs a line of its own'],
    ['-A FORWARD -j DROP # the "new one', '3:20: a comment needs a line of its own'],
    [' # all of it', '3:2: a comment begins in the first column; take the spaces before it away'],
    ['// all of it', '3:1: "//" begins no line of iptables-restore; begin a rule with -A CHAIN, a comment with #'],
  ],
  'quotes of a shell or an editor': [
    [
      "-A FORWARD -m string --algo bm --string 'HTTP/1.1 200 OK' -j DROP",
      '3:41: iptables-restore knows only double quotes; write "HTTP/1.1 200 OK"',
    ],
    [
      "-A FORWARD -j LOG --log-prefix 'DROP: ' --log-level 4",
      '3:32: iptables-restore knows only double quotes; write "DROP: "',
    ],
    ["-A FORWARD -s '10.0.0.1' -j DROP", '3:15: iptables-restore knows only double quotes; write "10.0.0.1"'],
    [
      '-A FORWARD -m comment --comment “allow ssh” -j DROP',
      '3:33: iptables-restore knows only double quotes; write "allow ssh"',
    ],
    [
      "-A FORWARD -m comment --comment 'allow ssh",
      '3:33: iptables-restore knows only double quotes; write "…" around the value',
    ],
  ],
  'options that iptables-save could not print': [
    [
      '-A FORWARD -j DNAT [unsupported revision]',
      "3:20: the iptables-save that wrote the file did not know this revision of DNAT, so that the rule's options are lost; save the rules again with a newer iptables",
    ],
    [
      '-A FORWARD -m owner [unsupported revision] -j DROP',
      '3:21: the iptables-save that wrote the file did not know this revision of owner',
    ],
  ],
  'continued lines': [
    [
      '-A FORWARD -p tcp \\\n  --dport 22 \\\n  -j ACCEPT',
      '3:19: iptables-restore knows no continuation lines; write this line and the next as one',
    ],
    ['-A FORWARD -j ACCEPT\\\n', '3:21: iptables-restore knows no continuation lines'],
    ['-A FORWARD -p tcp --dport \\\n 22', '3:27: iptables-restore knows no continuation lines'],
    [
      '-A FORWARD -m comment --comment \\\n "ssh" -j ACCEPT',
      '4:2: the line above ends in a backslash, and iptables-restore knows no continuation lines; write both as one',
    ],
  ],
  'commands of a shell': [
    ['iptables -A FORWARD -j DROP', '3:1: "iptables" is a command for a shell; begin the line with -A'],
    ['sudo iptables -A FORWARD -j DROP', '3:1: "sudo iptables" is a command for a shell; begin the line with -A'],
    [
      '/sbin/ip6tables -t filter -I FORWARD -j DROP',
      '3:1: "/sbin/ip6tables" is a command for a shell; begin the line with -I, in the table filter of a ruleset for IPv6',
    ],
    [
      'iptables -t nat -A PREROUTING',
      '3:1: "iptables" is a command for a shell; begin the line with -A, in the table nat',
    ],
    ['$IPTABLES -F', '3:1: "$IPTABLES" is a command for a shell; begin the line with -F'],
  ],
  placeholders: [
    ['-A FORWARD -s {{ ip }} -j DROP', '3:15: "{{ ip }}" is a placeholder of a template; write what it stands for'],
    ['-A FORWARD -s {{ip}}/24 -j DROP', '3:15: "{{ip}}" is a placeholder of a template'],
    ['-A FORWARD -s <%= ip %> -j DROP', '3:15: "<%= ip %>" is a placeholder of a template'],
    ['-A FORWARD -s 10.0.0.1,@IP@ -j DROP', '3:24: "@IP@" is a placeholder of a template'],
    ['-A FORWARD -p udp --dport %PORT% -j DROP', '3:27: "%PORT%" is a placeholder of a template'],
    ['-A FORWARD -s <ip of the server> -j DROP', '3:15: "<ip of the server>" is a placeholder of a template'],
    ['-A {{ chain }} -j DROP', '3:4: "{{ chain }}" is a placeholder of a template'],
    [':FORWARD {{ policy }} [0:0]', '3:10: "{{ policy }}" is a placeholder of a template'],
    ['{% for ip in ips %}', '3:1: "{% for ip in ips %}" is a placeholder of a template'],
    [`-A FORWARD -s $${'{IP}'} -j DROP`, `3:15: "$${'{IP}'}" is a variable of a shell; write what it stands for`],
    ['-A FORWARD -s $IP/24 -j DROP', '3:15: "$IP" is a variable of a shell'],
    ['-A FORWARD -p tcp -m multiport --dports 22,$PORTS', '3:44: "$PORTS" is a variable of a shell'],
    ['-A FORWARD -j $TARGET', '3:15: "$TARGET" is a variable of a shell'],
  ],
}

testRefused(LINES)

test('what iptables-restore takes for a value is one', () => {
  const rules = ['"a # b"', '#1', "'ssh'", '{{ip}}', '$IP', '"it\'s mine"', '\\'].map(
    (value) => `-A FORWARD -m comment --comment ${value}`,
  )
  expect(errorsOf(filter(...rules))).toEqual([])
  expect(errorsOf(filter('-A FORWARD -m comment --comment #1 -j ACCEPT -s 1.2.3.4.5'))[0]).toContain(
    'not an IPv4 address',
  )
})

test('a line after a continued one is looked at, when it begins a rule', () => {
  const errors = errorsOf(filter('-A FORWARD -s 1.2.3.4 \\', '-A FORWARD -j DORP', '-A FORWARD -j DROP'))
  expect(errors.map((error) => error.slice(0, 9))).toEqual(['rules:3:2', 'rules:4:1'])
})

test('a template outside of tables is one error', () => {
  expect(errorsOf('{% if firewall %}\n*filter\nCOMMIT\n{% endif %}\n')).toEqual([
    'rules:1:1: this is a template; fill it in, and give the file that comes out',
  ])
})
