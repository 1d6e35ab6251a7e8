import { expect, test } from 'vitest'
import { parseRuleset, printRuleset } from '../../src/ruleset/index.ts'
import { reviewRuleset } from '../../src/ruleset/review/review.ts'
import { noIptables, savedByTools } from './iptables-tools.ts'

/** In the manner of ufw: its comments, chains for each purpose, and rules that it marks. */
const LIKE_UFW = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
:ufw-user-limit - [0:0]
:ufw-user-limit-accept - [0:0]
:ufw-user-logging-input - [0:0]
:ufw-logging-deny - [0:0]
:ufw-not-local - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
# connections that are known
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
-A ufw-not-local -j DROP
-A ufw-logging-deny -m conntrack --ctstate INVALID -m limit --limit 3/min --limit-burst 10 -j RETURN
-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "

### RULES ###

### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=616263
-A ufw-user-input -p tcp --dport 22 -j ACCEPT

### tuple ### limit any 2222 0.0.0.0/0 any 0.0.0.0/0 in
-A ufw-user-input -p tcp --dport 2222 -m conntrack --ctstate NEW -m recent --set
-A ufw-user-input -p tcp --dport 2222 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 -j ufw-user-limit
-A ufw-user-input -p tcp --dport 2222 -j ufw-user-limit-accept
-A ufw-user-input -p tcp -m multiport --dports 80,443 -s 10.0.0.0/8 -j ACCEPT -m comment --comment 'dapp_Web'

### END RULES ###
-I ufw-user-logging-input -j RETURN
-A ufw-user-limit -m limit --limit 3/minute -j LOG --log-prefix "[UFW LIMIT BLOCK] "
-A ufw-user-limit -j REJECT
-A ufw-user-limit-accept -j ACCEPT
COMMIT
`

/** In the manner of firewalld: a chain for each zone and priority, gotos to zones, marks for what it forwards. */
const LIKE_FIREWALLD = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PREROUTING_ZONES - [0:0]
:PRE_public - [0:0]
:POST_public_allow - [0:0]
-A PREROUTING -j PREROUTING_ZONES
-A POSTROUTING -j POST_public_allow
-A PREROUTING_ZONES -i eth0 -g PRE_public
-A PRE_public -p tcp --dport 8080 -j DNAT --to-destination 10.1.2.3:80
-A PRE_public -p tcp --dport 8081 -j REDIRECT --to-ports 82
-A POST_public_allow ! -o lo -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:INPUT_ZONES - [0:0]
:IN_public - [0:0]
:IN_public_allow - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_ZONES
-A INPUT -m conntrack --ctstate INVALID -j LOG --log-prefix "STATE_INVALID_DROP: "
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT
-A INPUT_ZONES -i eth0 -g IN_public
-A IN_public -j IN_public_allow
-A IN_public -m pkttype --pkt-type unicast -j LOG --log-prefix "filter_IN_public_REJECT: "
-A IN_public -p icmp -j ACCEPT
-A IN_public_allow -p tcp --dport 22 -j ACCEPT
-A IN_public_allow -s 192.0.2.0/24 -p tcp --dport 2222 -m limit --limit 3/m -j LOG --log-prefix "ssh: " --log-level notice
-A IN_public_allow -p esp -m limit --limit 1/s -j AUDIT --type accept
-A IN_public_allow -p udp -m udp --sport 500 -j ACCEPT
COMMIT
`

const EXAMPLES = { ufw: LIKE_UFW, firewalld: LIKE_FIREWALLD }

test.each(Object.entries(EXAMPLES))(
  'rules in the manner of %s load, and nothing false is said of them',
  (name, text) => {
    const { dead, mistakes } = reviewRuleset(parseRuleset(text, name, 'ipv4'))
    expect(dead).toEqual([])
    const expected = name === 'ufw' ? ['related-without-helper'] : ['related-without-helper', 'open-to-source-port']
    expect(new Set(mistakes.map(({ code }) => code))).toEqual(new Set(expected))
  },
)

const lines = (saved: string): string[] => saved.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

test.skipIf(noIptables).each(Object.entries(EXAMPLES))(
  `rules in the manner of %s are printed as iptables-save prints them ${noIptables}`,
  (name, text) => {
    const saved = savedByTools(text, 'ipv4')
    expect(saved).not.toBeNull()
    const byTable = (all: string[]): string[] => all.filter((line) => line.startsWith('-A')).toSorted()
    expect(byTable(lines(printRuleset(parseRuleset(text, name, 'ipv4'))))).toEqual(byTable(lines(saved ?? '')))
  },
)
