/** What becomes of packets at these targets, as far as their documentation says. */
const ENDS = 'packets end there, so write DROP'
const GOES_ON = 'packets go on to the next rule, so take the rule out'
const UNKNOWN_TARGET = 'say otherwise what it does, or take the rule out'
const UNKNOWN_MATCH = 'take the rule out as if it never matched, or only the match as if it always did'

const ADDONS = 'xtables-addons'
const OPENWRT = 'OpenWrt'
const PATCHES = 'old patches of the kernel'

/** Extensions that Linux itself does not have: where they come from, and what to write in their place. */
type Foreign = readonly [origin: string, instead: string]

const MATCHES: ReadonlyMap<string, Foreign> = new Map<string, Foreign>([
  ['asn', [ADDONS, 'write -m set with the networks of the AS']],
  ['geoip', [ADDONS, 'write -m set with the networks of the countries']],
  ['length2', [ADDONS, 'write -m length for the length of the datagram']],
  ...each(['condition', 'dhcpmac', 'fuzzy', 'gradm', 'iface', 'ipp2p', 'ipv4options'], ADDONS, UNKNOWN_MATCH),
  ...each(['lscan', 'pknock', 'psd', 'quota2'], ADDONS, UNKNOWN_MATCH),
  ...each(['account', 'layer7', 'unclean', 'webstr'], PATCHES, UNKNOWN_MATCH),
  ['ndpi', ['nDPI', UNKNOWN_MATCH]],
])

const TARGETS: ReadonlyMap<string, Foreign> = new Map<string, Foreign>([
  ...each(['CHAOS', 'DELUDE', 'ECHO', 'TARPIT'], ADDONS, ENDS),
  ...each(['ACCOUNT', 'LOGMARK'], ADDONS, GOES_ON),
  ...each(['DHCPMAC', 'DNETMAP', 'IPMARK', 'PROTO', 'RAWDNAT', 'RAWSNAT', 'SYSRQ'], ADDONS, UNKNOWN_TARGET),
  // What is offloaded passes no further rules; without the rule it is replayed like everything else.
  ['FLOWOFFLOAD', [OPENWRT, GOES_ON]],
  ['FULLCONENAT', [OPENWRT, UNKNOWN_TARGET]],
])

/** Why a match that Linux does not have is refused, and what to do instead; null for any other name. */
export function refusalOfForeignMatch(name: string): string | null {
  return refusal(name, 'match', MATCHES.get(name))
}

/** Likewise for a target. */
export function refusalOfForeignTarget(name: string): string | null {
  return refusal(name, 'target', TARGETS.get(name))
}

function refusal(name: string, kind: string, foreign: Foreign | undefined): string | null {
  if (foreign === undefined) return null
  const [origin, instead] = foreign
  return `"${name}" is a ${kind} of ${origin}, which Linux itself does not have; ${instead}`
}

function each(names: readonly string[], origin: string, instead: string): [string, Foreign][] {
  return names.map((name) => [name, [origin, instead]])
}
