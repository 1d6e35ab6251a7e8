/** Where we and the local iptables part on purpose, or the running machine decides. */
export interface Exception {
  readonly rule: RegExp
  readonly why: string
}

export const EXCEPTIONS: readonly Exception[] = [
  { rule: /-m nfacct .*--nfacct-nam/, why: 'nfacct(8) must have made an object of that name' },
  { rule: /-m cgroup .*--path/, why: 'the control group must exist' },
  { rule: /-m bpf .*--object-pinned/, why: 'the program must be pinned there' },
  { rule: /-m rateest .*--rateest[12]?[ =](?![ab]( |$))/, why: 'RATEEST must have made an estimator of that name' },
  { rule: /--rateest-[bp]ps[12]?=/, why: 'iptables forgets the value behind =; its meaning is certain' },
  {
    rule: /-j CT .*--timeout/,
    why: 'nfct(8) must have made a policy; with --notrack iptables prints what is left of the name',
  },
  { rule: /--icmpv6-type[ =]mld-/, why: 'names that newer iptables have; their meaning is certain' },
]

/** Options that are not tried in both outcomes, and why. */
export const UNTRIED: ReadonlyMap<string, string> = new Map([
  ['dst --dst-not-strict', 'iptables refuses it always: not implemented'],
  ['hbh --hbh-not-strict', 'iptables refuses it always: not implemented'],
  ['bpf --object-pinned', 'no pinned program'],
  ['nfacct --nfacct-name', 'no object of nfacct(8)'],
])

/** What iptables-nft refuses, or says in other words that mean the same, or leaves out. */
export const NFT_EXCEPTIONS: readonly Exception[] = [
  ...EXCEPTIONS,
  { rule: /! --(source-port|destination-port|sport|dport) :5/, why: 'printed as what is left: 6:65535' },
  { rule: /! --tcp-flags NONE NONE/, why: 'left out' },
  { rule: /--nflog-rang/, why: 'left out: no logger uses it' },
  { rule: /--genre[ =]"a b"/, why: 'both iptables print it without quotes, and cannot read that again' },
]
