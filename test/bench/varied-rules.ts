/**
 * Rules of every kind that rulesets of thousands are made of: ports and ranges of them, addresses and networks, interfaces,
 * states, sets, lists of ports, ranges of addresses, and a chain for each server. None ends the way of a packet of the captures before the last one does.
 */

export type RuleFamily = 'ipv4' | 'ipv6'

/** Rules in each server's chain, with the jump to it. */
const CHAIN_LENGTH = 24
const SERVERS = 977
const SET_COUNT = 16
const SET_LENGTH = 200

/** @param stateFirst known connections are accepted by the first rule, as in most rulesets */
export function variedRules(count: number, family: RuleFamily, stateFirst: boolean): string {
  const chains: string[] = []
  const base: string[] = []
  if (stateFirst) base.push('-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')
  const inChains: string[] = []
  let number = 0
  while (base.length + inChains.length < count - 1) {
    const left = count - 1 - base.length - inChains.length
    if (number % 40 === 39 && left > CHAIN_LENGTH) {
      const chain = `server-${chains.length}`
      chains.push(chain)
      base.push(`-d ${server(chains.length % SERVERS, family)} -j ${chain}`)
      for (let rule = 1; rule < CHAIN_LENGTH; rule++) inChains.push(`-A ${chain} ${inChain(number + rule, family)}`)
    } else base.push(variedRule(number, family))
    number++
  }
  base.push('-m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT')
  return [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...base.map((rule) => `-A FORWARD ${rule}`),
    ...inChains,
    'COMMIT',
    '',
  ].join('\n')
}

/** What the rules with sets refer to, as `ipset save` writes it. */
export function variedSets(family: RuleFamily): string {
  const inet = family === 'ipv4' ? 'inet' : 'inet6'
  const lines: string[] = []
  for (let set = 0; set < SET_COUNT; set++) {
    lines.push(`create blocked-${set} hash:net family ${inet}`)
    for (let member = 0; member < SET_LENGTH; member++) {
      lines.push(`add blocked-${set} ${network(set * SET_LENGTH + member, family)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function variedRule(number: number, family: RuleFamily): string {
  const port = 10_000 + ((number * 37) % 50_000)
  const net = network(number, family)
  const one = host(number, family)
  switch (number % 13) {
    case 0:
      return `-s ${net} -p tcp -m tcp --dport ${port} -j DROP`
    case 1:
      return `-d ${net} -p udp -m udp --dport ${port}:${port + 500} -j ACCEPT`
    case 2:
      return `-s ${net} -p tcp -m multiport --dports ${port},${port + 1},${port + 7}:${port + 90} -j REJECT`
    case 3:
      return `-s ${one} -m conntrack --ctstate NEW -j LOG`
    case 4:
      return `-i eth${number % 5} -s ${one} -j DROP`
    case 5:
      return `-p tcp -m tcp --sport 1:1023 --dport ${port} --tcp-flags SYN,ACK,FIN,RST SYN -j DROP`
    case 6:
      return `-m set --match-set blocked-${number % SET_COUNT} src -p tcp -m tcp --dport ${port} -j DROP`
    case 7:
      return `-m iprange --src-range ${one}-${host(number + 40, family)} -p udp -j DROP`
    case 8:
      return `-s ${net} -d ${network(number * 7, family)} -j ACCEPT`
    case 9:
      return `-p udp -m udp --sport ${port} -m conntrack --ctstate NEW -j DROP`
    case 10:
      return `-o ppp${number % 7} -d ${one} -p tcp -m tcp --dport ${port} -j ACCEPT`
    case 11:
      return `! -i eth0 -s ${net} -m conntrack --ctstate NEW,INVALID -j DROP`
    default:
      return `-d ${one} -p ${family === 'ipv4' ? 'icmp -m icmp --icmp-type' : 'ipv6-icmp -m icmp6 --icmpv6-type'} ${family === 'ipv4' ? 3 : 1} -j ACCEPT`
  }
}

/** Asked of packets to the chain's server. */
function inChain(number: number, family: RuleFamily): string {
  const port = 10_000 + ((number * 37) % 50_000)
  switch (number % 3) {
    case 0:
      return `-p tcp -m tcp --dport ${port} -m conntrack --ctstate NEW -j ACCEPT`
    case 1:
      return `-s ${host(number, family)} -j DROP`
    default:
      return `-p udp -m udp --dport ${port}:${port + 9} -j RETURN`
  }
}

/** Networks and hosts that no packet of the captures has. */
function network(number: number, family: RuleFamily): string {
  const [high, low] = [(number >> 8) & 0xff, number & 0xff]
  return family === 'ipv4'
    ? `10.${100 + (high % 150)}.${low}.0/24`
    : `2001:db8:${(high + 256).toString(16)}:${low.toString(16)}::/64`
}

function host(number: number, family: RuleFamily): string {
  const [high, low] = [(number >> 8) & 0xff, number & 0xff]
  return family === 'ipv4'
    ? `10.${100 + (high % 150)}.${low}.9`
    : `2001:db8:${(high + 256).toString(16)}:${low.toString(16)}::9`
}

function server(number: number, family: RuleFamily): string {
  return family === 'ipv4' ? `198.18.${number >> 8}.${number & 255}` : `2001:db8:2::${(number + 1).toString(16)}`
}
