import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Rules of four kinds that no packet of the captures matches, so that every one of them must be passed by, and one that
 * takes all. Without a rule for known connections in front: the worst case.
 */
function mixedRules(count: number): string {
  const lines = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]']
  for (let number = 0; number < count - 1; number++) lines.push(`-A FORWARD ${mixedRule(number)}`)
  lines.push('-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED,RELATED -j ACCEPT', 'COMMIT', '')
  return lines.join('\n')
}

function mixedRule(number: number): string {
  const network = `${16 + ((number >> 8) & 15)}.${number & 255}.0/24`
  const port = number % 20_000
  switch (number % 4) {
    case 0:
      return `-s 172.${network} -p tcp -m tcp --dport ${20_000 + port} -j DROP`
    case 1:
      return `-d 172.${network} -p udp -m udp --dport ${20_000 + port}:${21_000 + port} -j ACCEPT`
    case 2:
      return `-p tcp -m multiport --dports ${9000 + port},${10_000 + port},${11_000 + port} -s 172.${network} -j REJECT`
    default:
      return `-s 172.${network} -m conntrack --ctstate NEW -j LOG`
  }
}

const NAT = [
  '*nat',
  ':PREROUTING ACCEPT [0:0]',
  ':INPUT ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  ':POSTROUTING ACCEPT [0:0]',
  '-A PREROUTING -p tcp -m tcp --dport 8443 -j DNAT --to-destination 198.19.0.7:443',
  '-A POSTROUTING -s 10.0.0.0/9 -j SNAT --to-source 203.0.113.1-203.0.113.200',
  'COMMIT',
  '',
].join('\n')

/** Ten thousand lines of a list of blocked services, by address, protocol and port: none of them matches. */
function rulesOfOneShape(): string {
  const lines = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]']
  for (let number = 0; number < 10_000; number++) {
    const host = `172.${16 + ((number >> 8) & 15)}.${number & 255}.${number % 251}`
    lines.push(`-A FORWARD -s ${host}/32 -p tcp -m tcp --dport ${20_000 + number} -j DROP`)
  }
  lines.push('COMMIT', '')
  return lines.join('\n')
}

/** Writes a ruleset of so many rules, or ten and the nat table, or ten thousand of one shape. */
export function rulesetFile(kind: number | 'nat' | 'one shape', folder: string): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `rules-${kind}.v4`.replace(' ', '-'))
  if (kind === 'one shape') writeFileSync(path, rulesOfOneShape())
  else writeFileSync(path, kind === 'nat' ? NAT + mixedRules(10) : mixedRules(kind))
  return path
}
