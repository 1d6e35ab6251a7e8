/** What becomes of packets at these targets, as far as their documentation says. */
const ENDS = 'packets end there, so write DROP'
const GOES_ON = 'packets go on to the next rule, so take the rule out'
const UNKNOWN_TARGET = 'say otherwise what it does, or take the rule out'
const UNKNOWN_MATCH = 'take the rule out as if it never matched, or only the match as if it always did'

const NOT_LINUX = 'which Linux itself does not have'
const ADDONS = `xtables-addons, ${NOT_LINUX}`
const ANDROID = `Android, ${NOT_LINUX}`
const OPENWRT = `OpenWrt, ${NOT_LINUX}`
const ROUTERS = `the firmware of routers, ${NOT_LINUX}`
const PATCHES = `old patches of the kernel, ${NOT_LINUX}`
const OLD = 'old kernels, which Linux no longer has'

/** Extensions that Linux does not have, or no longer: where they come from, and what to write in their place. */
type Foreign = readonly [origin: string, instead: string]

const MATCHES: ReadonlyMap<string, Foreign> = new Map<string, Foreign>([
  ['asn', [ADDONS, 'write -m set with the networks of the AS']],
  ['geoip', [ADDONS, 'write -m set with the networks of the countries']],
  ['length2', [ADDONS, 'write -m length for the length of the datagram']],
  ...each(['condition', 'dhcpmac', 'fuzzy', 'gradm', 'iface', 'ipp2p', 'ipv4options'], ADDONS, UNKNOWN_MATCH),
  ...each(['lscan', 'pknock', 'psd', 'quota2'], ADDONS, UNKNOWN_MATCH),
  ...each(['account', 'childlevel', 'layer7', 'webstr'], PATCHES, UNKNOWN_MATCH),
  ...each(['bcount', 'macsave', 'web', 'webmon'], ROUTERS, UNKNOWN_MATCH),
  ['unclean', [OLD, UNKNOWN_MATCH]],
  ['ndpi', [`nDPI, ${NOT_LINUX}`, UNKNOWN_MATCH]],
  ['dstlimit', [PATCHES, 'write -m hashlimit']],
  ['iplimit', [PATCHES, 'write -m connlimit']],
  ['mport', [PATCHES, 'write -m multiport']],
  ['nth', [PATCHES, 'write -m statistic --mode nth']],
  ['pool', [PATCHES, 'write -m set']],
  ['random', [PATCHES, 'write -m statistic --mode random']],
  ['qtaguid', [ANDROID, 'write -m owner']],
])

const TARGETS: ReadonlyMap<string, Foreign> = new Map<string, Foreign>([
  ...each(['CHAOS', 'DELUDE', 'ECHO', 'TARPIT'], ADDONS, ENDS),
  ...each(['ACCOUNT', 'LOGMARK'], ADDONS, GOES_ON),
  ...each(['DHCPMAC', 'DNETMAP', 'IPMARK', 'PROTO', 'RAWDNAT', 'RAWSNAT', 'SYSRQ'], ADDONS, UNKNOWN_TARGET),
  // What is offloaded passes no further rules; without the rule it is replayed like everything else.
  ['FLOWOFFLOAD', [OPENWRT, GOES_ON]],
  ['FULLCONENAT', [OPENWRT, UNKNOWN_TARGET]],
  // They choose a class of service, or what is accelerated.
  ...each(['fusivTC', 'SKIPFC', 'SKIPLOG'], ROUTERS, GOES_ON),
  ...each(['CONE', 'PORTTRIGGER', 'TRIGGER'], ROUTERS, UNKNOWN_TARGET),
  ['NETFLOW', [`ipt_NETFLOW, ${NOT_LINUX}`, GOES_ON]],
  ...each(['IMQ', 'IPV4OPTSSTRIP'], PATCHES, GOES_ON),
  ['ROUTE', [PATCHES, UNKNOWN_TARGET]],
  ['FTOS', [PATCHES, 'write -j TOS']],
  // It went back to its sender.
  ['MIRROR', [OLD, ENDS]],
  ['SAME', [OLD, 'write -j SNAT with --persistent']],
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
  return `"${name}" is a ${kind} of ${origin}; ${instead}`
}

function each(names: readonly string[], origin: string, instead: string): [string, Foreign][] {
  return names.map((name) => [name, [origin, instead]])
}
