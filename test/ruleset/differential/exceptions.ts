/** Options that iptables never takes, and why. */
export const NEVER_TAKEN: ReadonlyMap<string, string> = new Map([
  ['ipv4 ah --ahlen', 'for IPv6'],
  ['ipv4 ah --ahres', 'for IPv6'],
  ['ipv6 dst --dst-not-strict', 'iptables knows the name, and refuses it'],
  ['ipv6 hbh --hbh-not-strict', 'iptables knows the name, and refuses it'],
])

/** Rules that iptables-nft prints in other words, or leaves something out of. */
interface Exception {
  readonly rule: RegExp
  readonly why: string
}

export const NFT_EXCEPTIONS: readonly Exception[] = [
  { rule: /! --(source-port|destination-port|sport|dport) :5/, why: 'printed as what is left: 6:65535' },
  { rule: /! --tcp-flags NONE NONE/, why: 'left out' },
  { rule: /--nflog-rang/, why: 'left out: no logger uses it' },
  { rule: /--genre[ =]"a b"/, why: 'both iptables print it without quotes, and cannot read that again' },
]
