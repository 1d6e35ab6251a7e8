/** The rules of a router with a nat table, as iptables-save writes them. */
export function natRules(...rules: readonly string[]): string {
  const chains = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((name) => `:${name} ACCEPT [0:0]`)
  return ['*nat', ...chains, ...rules, 'COMMIT', ''].join('\n')
}

/** Clients in 10.0.0.0/8 go out as OUTSIDE. */
export const OUTSIDE = '198.51.100.1'
export const OUTSIDE6 = '2001:db8:5::1'
export const SNAT = natRules(`-A POSTROUTING -s 10.0.0.0/24 -j SNAT --to-source ${OUTSIDE}`)
export const SNAT6 = natRules(`-A POSTROUTING -s 2001:db8::/64 -j SNAT --to-source ${OUTSIDE6}`)
