import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseRuleset, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import { noIptables, noNftIptables, savedByTools } from './iptables-tools.ts'

/** Canonical rules by table, as the real iptables-save prints them, or null where iptables-restore refuses. */
function real(text: string, family: Family): Map<string, string[]> | null {
  const saved = savedByTools(text, family)
  return saved === null ? null : byTable(saved)
}

/** The same of ours. */
function ours(text: string, family: Family): Map<string, string[]> | null {
  try {
    return byTable(printRuleset(parseRuleset(text, 'rules', family)))
  } catch (error) {
    if (error instanceof RulesetError) return null
    throw error
  }
}

function byTable(text: string): Map<string, string[]> {
  const tables = new Map<string, string[]>()
  let lines: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      lines = []
      tables.set(line, lines)
    } else if (/^[:-]/.test(line)) lines.push(line.replace(/ \[\d+:\d+\]$/, ''))
  }
  return tables
}

const LINES: readonly (readonly [Family, string])[] = [
  ...[
    '-s 10/8',
    '-s 10.1.2.3/255.255.0.0 ! -d 1.2.3.4/0.0.255.255',
    '! -s 10.0.0.1,10.0.0.2',
    '-s 10.0.0.1,10.0.0.1,10.0.0.2 -d 1.1.1.1,2.2.2.2 -j DROP',
    '-i eth+ ! -o lo -j ACCEPT',
    '! -f -j DROP',
    '-p 6 --dport 80',
    '--dport 80 -p tcp',
    '-p tcp --dport=http --spo 5:',
    '! -p tcp -m tcp --dport 3',
    '! -p all',
    '-p tcp --dport 5:3',
    '-p tcp -m tcp --sport 3 -m tcp --dport 4',
    '-p tcp --tcp-flags SYN,ACK SYN,FIN --tcp-option 5',
    '-p tcp ! --syn',
    '-p tcp --tcp-flags SYN',
    '-p udp --sport domain ! --dport 1024:',
    '-p udplite -m multiport --dports 3,http',
    '-p sctp -m multiport ! --ports 3,5:7',
    '-m multiport --dports 3',
    '-p tcp -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16',
    '-p icmp --icmp-type 255 -j DROP',
    '-p icmp ! --icmp-type redirect',
    '-p icmp --icmp-type 8/300',
    '-p icmp --icmp-type echo-request/0',
    '-p icmp -m icmp',
    '-p sctp --dport 5 -m sctp ! --chunk-types any DATA:be,INIT,FORWARD_TSN',
    '-m state --state new,rel',
    '-m state --state NEW,',
    '-m conntrack --ctstate NEW,DNAT ! --ctproto tcp --ctorigsrc 10.0.0.0/8 ! --ctrepldst 1.1.1.1 --ctorigdstport 80:90 --ctstatus ASSURED,EXPECTED ! --ctexpire 5:6 --ctdir REPLY',
    '-m conntrack --ctstatus NONE',
    '-m conntrack',
    '-m addrtype --dst-type LOCAL,BROADCAST ! --src-type UNICAST --limit-iface-in',
    '-m addrtype --dst-type LOCAL --limit-iface-in --limit-iface-out',
    '-m mark --mark 0x10/0xff -m connmark ! --mark 5',
    '-m mark',
    '-m limit',
    '-m limit --limit 90/min --limit-burst 7',
    '-m limit --limit 100/h',
    '-m limit --limit 3/day --limit-burst 1',
    '-m limit --limit 7/',
    '-m limit --limit 20000/s',
    '-m mac ! --mac-source 0:1:2:3:4:a',
    '-m iprange --src-range 1.1.1.1-1.1.1.5 ! --dst-range 2.2.2.2',
    '-m length --length 5: -m length ! --length :6',
    '-m pkttype ! --pkt-type host',
    '-m pkttype --pkt-type BCAST -m pkttype --pkt-type mcast',
    '-m ttl --ttl 5 -m ttl --ttl-lt 9',
    '-m physdev --physdev-is-bridged --physdev-is-in ! --physdev-in eth0',
    '-m owner --uid-owner 0',
    '-m comment --comment "a b" -m comment --comment x-y_z -m comment --comment "it\'s \\"q\\" \\\\"',
    '-m comment --comment ""',
    '-p tcp -m comment --comment "x"--syn -j DROP',
    '-m comment --comment a"b c"-j DROP',
    '-m comment --comment "a"b',
    '-j LOG --log-prefix "a b"--log-level 5',
    '-m comment --comment ""--comment x',
    '-j REJECT',
    '-j REJECT --reject-with tcp-reset',
    '-p tcp -j REJECT --reject-with tcp-reset',
    '-j REJECT --reject-with admin-prohib',
    '-j LOG --log-prefix "x: " --log-level debug --log-ip-options --log-tcp-options --log-uid --log-tcp-sequence',
    '-j LOG --log-level warn',
    '-j LOG --log-level 4 --log-level 5',
    '-j NFLOG --nflog-group 5 --nflog-prefix "a b" --nflog-threshold 4 --nflog-size 50',
    '-j MARK --set-mark 5/3',
    '-j MARK --and-mark 6',
    '-j MARK --or-mark 0x10',
    '-j MARK --xor-mark 5',
    '-j CONNMARK --save-mark',
    '-j CONNMARK --restore-mark --mask 0xff',
    '-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff',
    '-j CONNMARK --set-mark 5/7',
    '-j NOTRACK',
    '-j U',
    '-g U',
    '-j NOSUCH',
    '-j INPUT',
    '-j DROP extra',
    '-j ACCEPT -j DROP',
    '! -j DROP',
  ].map((line) => ['ipv4', line] as const),
  ...[
    '-s 2001:db8::1/64 ! -d ::ffff:1.2.3.4',
    '-s fe80::1,fe80::2',
    '-s 2001:db8::1/ffff:ffff::ff',
    '-s 2001:0:0:1:0:0:0:1 -d 1::',
    '-p icmpv6 --icmpv6-type neighbor-advertisement',
    '-p ipv6-icmp ! --icmpv6-type 1/3',
    '-m icmp6 --icmpv6-type 3',
    '-f',
    '-m hl --hl-gt 5',
    '-m hl ! --hl 255',
    '-m ttl --ttl-eq 5',
    '-m iprange --src-range ::1-::5',
    '-m addrtype --dst-type LOCAL',
    '-p 135',
    '-j REJECT',
    '-j REJECT --reject-with adm-prohibited',
    '-s 10.0.0.1',
  ].map((line) => ['ipv6', line] as const),
]

describe(`rules are taken, refused and printed as iptables does ${noIptables}`, () => {
  test.skipIf(noIptables).each(LINES)('%s: %s', (family, line) => {
    const text = `*filter\n:U - [0:0]\n-A FORWARD ${line}\nCOMMIT\n`
    expect(ours(text, family)).toEqual(real(text, family))
  })

  test.skipIf(noIptables)('the tables raw, mangle and nat', () => {
    const text = [
      '*raw',
      '-A PREROUTING -p tcp --dport 21 -j CT --helper ftp --ctevents destroy,new',
      '-A OUTPUT -j NOTRACK',
      'COMMIT',
      '*mangle',
      '-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
      '-A POSTROUTING -j CHECKSUM --checksum-fill',
      'COMMIT',
      '*nat',
      '-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE',
      '-A POSTROUTING -j SNAT --to-source 192.0.2.1-192.0.2.5 --persistent',
      '-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1:80',
      '-A PREROUTING -p tcp -j REDIRECT --to-ports 3128',
      'COMMIT',
      '',
    ].join('\n')
    expect(ours(text, 'ipv4')).toEqual(real(text, 'ipv4'))
  })
})

const CORPUS = join(import.meta.dirname, '../../../shared/corpus/rulesets')
const FILES = existsSync(CORPUS) ? readdirSync(CORPUS).filter((name) => name.endsWith('tables-save')) : []

describe.skipIf(noIptables !== '' || FILES.length === 0)(
  `rulesets of others ${noIptables}${FILES.length === 0 ? ' (skipped: no corpus beside the project)' : ''}`,
  () => {
    test.skipIf(noNftIptables).each(FILES)(`%s, as iptables-nft prints it ${noNftIptables}`, (name) => {
      const text = readFileSync(join(CORPUS, name), 'utf8')
      const family = name.endsWith('.ip6tables-save') ? 'ipv6' : 'ipv4'
      const saved = savedByTools(text.endsWith('\n') ? text : `${text}\n`, family, 'nft')
      // It saves tables and chains in another order.
      const sorted = (tables: Map<string, string[]> | null): unknown =>
        tables && [...tables].map(([table, lines]) => [table, lines.toSorted()]).toSorted()
      expect(saved === null ? null : sorted(ours(saved, family))).toEqual(sorted(ours(text, family)))
    })

    test.each(FILES)('%s', (name) => {
      const text = readFileSync(join(CORPUS, name), 'utf8')
      const family = name.endsWith('.ip6tables-save') ? 'ipv6' : 'ipv4'
      // A last line without its end is refused by iptables-legacy and taken by us, with a warning.
      const expected = real(text.endsWith('\n') ? text : `${text}\n`, family)
      const printed = ours(text, family)
      if (printed !== null || expected === null) expect(printed).toEqual(expected)
      else expect(() => parseRuleset(text, name, family)).toThrow(/is (not supported|neither a chain)/)
    })
  },
)
