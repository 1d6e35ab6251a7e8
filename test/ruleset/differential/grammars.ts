import type { Family, TableName } from '../../../src/ruleset/ruleset.ts'

/** Values that an option takes, and what must stand with it. */
export interface OptionSamples {
  /** As written behind the option; '' for options without a value. */
  readonly good: readonly string[]
  /** Instead of the extension's `needs`. */
  readonly with?: string
}

/** How rules with one extension are made up. */
export interface Grammar {
  readonly name: string
  readonly kind: 'match' | 'target'
  /** Both families where absent. */
  readonly family?: Family
  readonly table: TableName
  readonly chain: string
  /** What stands before it in the rule. */
  readonly before: string
  /** Options that must be there, one each. */
  readonly needs: readonly string[]
  /** Shell commands that make what the rules name. */
  readonly setup?: string
  /** The running kernel lacks it: only the parser of the tools can be asked. */
  readonly parserOnly?: boolean
  readonly options: Readonly<Record<string, OptionSamples>>
}

type Samples = Readonly<Record<string, readonly string[] | OptionSamples>>
type Settings = Partial<Omit<Grammar, 'name' | 'kind' | 'options'>>

function grammar(kind: Grammar['kind'], name: string, options: Samples, settings: Settings): Grammar {
  const samples = Object.entries(options).map(([option, given]): [string, OptionSamples] => [
    option,
    'good' in given ? given : { good: given },
  ])
  const place = { table: 'filter', chain: 'FORWARD', before: '', needs: [] } as const
  return { ...place, ...settings, name, kind, options: Object.fromEntries(samples) }
}
const match = (name: string, options: Samples, settings: Settings = {}): Grammar =>
  grammar('match', name, options, settings)
const target = (name: string, options: Samples, settings: Settings = {}): Grammar =>
  grammar('target', name, options, settings)

const FLAG = ['']
const PORTS = ['80', '1:2', ':5', '5:', 'http', 'domain:http']
const MASKED = ['5', '0x5/0xff', '5/7', '010/0xf']
const RANGES = ['5', '1:6']
const SPIS = ['5', '0x10:0x20', ':5', '7:']
const PREFIXES = ['0', '24', '32']

const SETS =
  'ipset create s hash:ip timeout 600 counters; ipset create p hash:ip,port; ipset create k hash:ip skbinfo; ipset create l list:set'
const ESTIMATORS = ['iptables', 'ip6tables']
  .map(
    (tool) =>
      `for n in a b; do ${tool}-legacy -t mangle -A INPUT -j RATEEST --rateest-name $n --rateest-interval 250ms --rateest-ewmalog 500ms; done`,
  )
  .join('; ')

/** Every extension that is tried, with the places where its rules may stand. Both tables and protocols are varied besides. */
export const GRAMMARS: readonly Grammar[] = [
  match('addrtype', {
    'src-type': ['LOCAL', 'unicast,LOCAL'],
    'dst-type': ['BROADCAST', 'BLACKHOLE,PROHIBIT'],
    'limit-iface-in': { good: FLAG, with: '--src-type LOCAL' },
  }),
  match('addrtype', { 'limit-iface-out': { good: FLAG, with: '--src-type LOCAL' } }, { chain: 'OUTPUT' }),
  match('ah', { ahspi: SPIS }, { family: 'ipv4', before: '-p ah' }),
  match('ah', { ahspi: SPIS, ahlen: RANGES.slice(0, 1), ahres: FLAG }, { family: 'ipv6', before: '-p ah' }),
  match('bpf', { bytecode: ['"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"', '"1,6 0 0 1"'], 'object-pinned': [] }),
  match('cgroup', { cgroup: ['5', '0x10001'], path: ['/', 'system.slice'] }, { chain: 'OUTPUT' }),
  match(
    'cluster',
    {
      'cluster-total-nodes': ['2', '32'],
      'cluster-local-node': ['1', '2'],
      'cluster-local-nodemask': { good: ['0x1', '3'], with: '--cluster-total-nodes 2 --cluster-hash-seed 5' },
      'cluster-hash-seed': ['0xdeadbeef', '5'],
    },
    { needs: ['--cluster-total-nodes 2', '--cluster-local-node 1', '--cluster-hash-seed 0x5'] },
  ),
  match('comment', { comment: ['x', '"a b"', '"it\'s"', '"a\\"b\\\\c"', '"é"', '"!"'] }),
  match(
    'connbytes',
    {
      connbytes: ['5', '1:5', ':5', '5:'],
      'connbytes-dir': ['original', 'reply', 'both'],
      'connbytes-mode': ['packets', 'bytes', 'avgpkt'],
    },
    { needs: ['--connbytes 5', '--connbytes-dir both', '--connbytes-mode bytes'] },
  ),
  match('connlabel', { label: ['5', '0', '127', '0x10'], set: FLAG }, { needs: ['--label 7'] }),
  match(
    'connlimit',
    {
      'connlimit-upto': { good: ['5', '0x5'], with: '' },
      'connlimit-above': ['5', '0'],
      'connlimit-mask': ['24', '0'],
      'connlimit-saddr': FLAG,
      'connlimit-daddr': FLAG,
    },
    { needs: ['--connlimit-above 3'] },
  ),
  match('connmark', { mark: MASKED }),
  match('conntrack', {
    ctstate: ['NEW', 'established,RELATED', 'SNAT,DNAT', 'UNTRACKED'],
    ctproto: ['tcp', '17', '99'],
    ctstatus: ['NONE', 'SEEN_REPLY,ASSURED', 'confirmed'],
    ctexpire: RANGES,
    ctorigsrcport: PORTS.slice(0, 4),
    ctorigdstport: PORTS,
    ctreplsrcport: PORTS,
    ctrepldstport: PORTS,
    ctdir: ['ORIGINAL', 'reply'],
  }),
  ...(['ipv4', 'ipv6'] as const).map((family) => {
    const addresses = family === 'ipv4' ? ['10.0.0.1', '10.0.0.0/8', '10.1.2.3/255.0.255.0'] : ['::1', '2001:db8::/32']
    return match(
      'conntrack',
      { ctorigsrc: addresses, ctorigdst: addresses, ctreplsrc: addresses, ctrepldst: addresses },
      { family },
    )
  }),
  match('cpu', { cpu: ['0', '5', '0x1'] }),
  match(
    'dccp',
    {
      'source-port': PORTS,
      'destination-port': PORTS,
      sport: PORTS,
      dport: PORTS,
      'dccp-types': ['REQUEST', 'data,ACK', 'INVALID', 'SYNC,SYNCACK'],
      'dccp-option': ['1', '255'],
    },
    { before: '-p dccp' },
  ),
  match('devgroup', { 'src-group': MASKED, 'dst-group': MASKED }),
  match('dscp', { dscp: ['0', '0x3f', '10'], 'dscp-class': ['BE', 'ef', 'CS1', 'af11'] }),
  match(
    'dst',
    {
      'dst-len': ['0', '8'],
      'dst-opts': ['1', '1:2,3', '0x1:4,5:6'],
      'dst-not-strict': { good: [], with: '--dst-opts 1' },
    },
    { family: 'ipv6' },
  ),
  match(
    'hbh',
    {
      'hbh-len': ['0', '8'],
      'hbh-opts': ['1', '1:2,3', '0x1:4,5:6'],
      'hbh-not-strict': { good: [], with: '--hbh-opts 1' },
    },
    { family: 'ipv6' },
  ),
  match('ecn', { 'ecn-tcp-cwr': FLAG, 'ecn-tcp-ece': FLAG, 'ecn-ip-ect': ['0', '3', '0x2'] }, { before: '-p tcp' }),
  match('esp', { espspi: SPIS }, { before: '-p esp' }),
  match('eui64', {}, { family: 'ipv6' }),
  match(
    'frag',
    { fragid: SPIS, fraglen: ['5'], fragres: FLAG, fragfirst: FLAG, fragmore: FLAG, fraglast: FLAG },
    { family: 'ipv6' },
  ),
  match(
    'hashlimit',
    {
      'hashlimit-upto': { good: ['5/sec', '100/hour', '512kb/s', '10/d'], with: '--hashlimit-name n' },
      hashlimit: { good: ['5/sec'], with: '--hashlimit-name n' },
      'hashlimit-above': ['5/minute', '1mb/s'],
      'hashlimit-burst': ['5', '1'],
      'hashlimit-mode': ['srcip', 'srcip,dstport', 'dstip,srcport'],
      'hashlimit-srcmask': {
        good: ['24', '0'],
        with: '--hashlimit-above 5/s --hashlimit-name n --hashlimit-mode srcip',
      },
      'hashlimit-dstmask': {
        good: ['24', '0'],
        with: '--hashlimit-above 5/s --hashlimit-name n --hashlimit-mode dstip',
      },
      'hashlimit-name': ['x', 'a-b', 'a.b'],
      'hashlimit-htable-size': ['64'],
      'hashlimit-htable-max': ['128'],
      'hashlimit-htable-expire': ['1000'],
      'hashlimit-htable-gcinterval': ['500'],
      'hashlimit-rate-match': FLAG,
      'hashlimit-rate-interval': {
        good: ['10'],
        with: '--hashlimit-above 5/s --hashlimit-name n --hashlimit-rate-match',
      },
    },
    { needs: ['--hashlimit-above 5/sec', '--hashlimit-name n'] },
  ),
  match('helper', { helper: ['ftp', '"a b"', '""'] }),
  match('hl', { 'hl-eq': ['0', '255'], 'hl-lt': ['5'], 'hl-gt': ['5'] }, { family: 'ipv6' }),
  match(
    'icmp',
    { 'icmp-type': ['8', 'echo-request', '3/1', 'any', 'host-unreachable', '255', 'ping', 'time-e'] },
    { family: 'ipv4', before: '-p icmp' },
  ),
  match(
    'icmp6',
    {
      'icmpv6-type': ['128', 'echo-reply', '1/3', 'redirect', 'mld-listener-query', 'mld-listener-r', 'packet-too-big'],
    },
    { family: 'ipv6', before: '-p icmpv6' },
  ),
  match('ipcomp', { ipcompspi: SPIS, compres: FLAG }, { before: '-p ipcomp' }),
  match(
    'iprange',
    { 'src-range': ['10.0.0.1-10.0.0.9', '10.0.0.1'], 'dst-range': ['10.0.0.1-10.0.0.1'] },
    { family: 'ipv4' },
  ),
  match('iprange', { 'src-range': ['::1-::9', '::1'], 'dst-range': ['2001:db8::-2001:db8::f'] }, { family: 'ipv6' }),
  match(
    'ipv6header',
    { header: ['hop', 'dst,route', '44', 'esp,auth,none,proto', 'ipv6-opts'], soft: FLAG },
    {
      family: 'ipv6',
      needs: ['--header hop'],
    },
  ),
  match('length', { length: ['5', '1:5', ':5', '5:'] }),
  match('limit', { limit: ['5/s', '3/hour', '90/min', '1/day'], 'limit-burst': ['5', '10'] }),
  match('mac', { 'mac-source': ['00:11:22:aa:BB:cc', '0:1:2:3:4:5'] }, { chain: 'INPUT' }),
  match('mark', { mark: MASKED }),
  match(
    'mh',
    { 'mh-type': ['1', 'binding-update', 'hoti:be', 'bu', '3:', ':4', 'Home-Test'] },
    {
      family: 'ipv6',
      before: '-p mobility-header',
    },
  ),
  ...['tcp', 'udp', 'sctp', 'dccp', 'udplite'].map((protocol) => {
    const lists = ['80', '80,443', '1:5,80', 'http,21']
    const names = ['source-ports', 'sports', 'destination-ports', 'dports', 'ports', 'port']
    return match('multiport', Object.fromEntries(names.map((name) => [name, lists])), { before: `-p ${protocol}` })
  }),
  match('nfacct', { 'nfacct-name': ['x'] }),
  match(
    'osf',
    {
      genre: ['Linux', '"a b"'],
      ttl: { good: ['0', '2'], with: '--genre Linux' },
      log: { good: ['0', '2'], with: '--genre Linux' },
    },
    { family: 'ipv4', before: '-p tcp' },
  ),
  match(
    'owner',
    {
      'uid-owner': ['0', 'root', '5-9', '100'],
      'gid-owner': ['0', 'root', '5-9'],
      'socket-exists': FLAG,
      'suppl-groups': { good: FLAG, with: '--gid-owner 5' },
    },
    { chain: 'OUTPUT' },
  ),
  match('physdev', {
    'physdev-in': ['eth0', 'eth+'],
    'physdev-out': { good: ['eth0', 'br+'], with: '--physdev-is-bridged' },
    'physdev-is-in': FLAG,
    'physdev-is-out': { good: FLAG, with: '--physdev-is-bridged' },
    'physdev-is-bridged': FLAG,
  }),
  match('pkttype', { 'pkt-type': ['unicast', 'BROADCAST', 'multicast', 'host'] }),
  match(
    'policy',
    {
      dir: { good: ['in'], with: '--pol ipsec' },
      pol: ['ipsec', 'none'],
      strict: { good: FLAG, with: '--dir in --pol ipsec --reqid 1' },
      reqid: ['1', '0x5'],
      spi: ['1', '0x5'],
      proto: ['esp', 'ah', 'ipcomp', '50'],
      mode: ['transport', 'tunnel'],
      next: { good: ['--reqid 2'], with: '--dir in --pol ipsec --strict --reqid 1' },
    },
    { chain: 'INPUT', needs: ['--dir in', '--pol ipsec'] },
  ),
  ...(['ipv4', 'ipv6'] as const).map((family) => {
    const good = family === 'ipv4' ? ['10.0.0.1', '10.0.0.0/8'] : ['::1', '2001:db8::/32']
    const tunnel = '--dir in --pol ipsec --strict --mode tunnel'
    return match(
      'policy',
      { 'tunnel-src': { good, with: tunnel }, 'tunnel-dst': { good, with: tunnel } },
      { family, chain: 'INPUT' },
    )
  }),
  match('quota', { quota: ['5', '0', '18446744073709551615'] }),
  match('realm', { realm: MASKED }, { family: 'ipv4' }),
  match('recent', {
    set: FLAG,
    rcheck: FLAG,
    update: FLAG,
    remove: FLAG,
    seconds: { good: ['5', '60'], with: '--rcheck' },
    reap: { good: FLAG, with: '--update --seconds 5' },
    hitcount: { good: ['5', '20'], with: '--rcheck' },
    rttl: { good: FLAG, with: '--rcheck' },
    name: { good: ['x', 'a-b'], with: '--set' },
    rsource: { good: FLAG, with: '--set' },
    rdest: { good: FLAG, with: '--set' },
  }),
  match('recent', { mask: { good: ['255.255.255.0', '0.0.0.0'], with: '--set' } }, { family: 'ipv4' }),
  match('recent', { mask: { good: ['ffff::', '::'], with: '--set' } }, { family: 'ipv6' }),
  match(
    'rpfilter',
    { loose: FLAG, validmark: FLAG, 'accept-local': FLAG, invert: FLAG },
    { table: 'raw', chain: 'PREROUTING' },
  ),
  match(
    'rt',
    {
      'rt-type': ['0', '255'],
      'rt-segsleft': SPIS,
      'rt-len': ['24'],
      'rt-0-res': { good: FLAG, with: '--rt-type 0' },
      'rt-0-addrs': { good: ['::1', '::1,::2'], with: '--rt-type 0' },
      'rt-0-not-strict': { good: FLAG, with: '--rt-type 0 --rt-0-addrs ::1' },
    },
    { family: 'ipv6' },
  ),
  match(
    'sctp',
    {
      'source-port': PORTS,
      'destination-port': PORTS,
      sport: PORTS,
      dport: PORTS,
      'chunk-types': ['any DATA', 'all INIT,DATA:Be', 'only ABORT:t', 'any ALL'],
    },
    { before: '-p sctp' },
  ),
  match('socket', { transparent: FLAG, nowildcard: FLAG, 'restore-skmark': FLAG }, { chain: 'INPUT' }),
  match(
    'rateest',
    {
      rateest: { good: ['a'], with: '--rateest-gt --rateest-bps 5' },
      rateest1: { good: ['a'], with: '--rateest-gt --rateest2 b --rateest-bps' },
      rateest2: { good: ['b'], with: '--rateest1 a --rateest-gt --rateest-bps' },
      'rateest-delta': { good: FLAG, with: '--rateest1 a --rateest-gt --rateest2 b --rateest-bps1 5' },
      'rateest-bps': { good: ['5', '2mbit', '100kibps'], with: '--rateest a --rateest-gt' },
      'rateest-bps1': { good: ['5'], with: '--rateest1 a --rateest2 b --rateest-lt' },
      'rateest-bps2': { good: ['5'], with: '--rateest1 a --rateest2 b --rateest-lt' },
      'rateest-pps': { good: ['5'], with: '--rateest a --rateest-lt' },
      'rateest-pps1': { good: ['5'], with: '--rateest1 a --rateest2 b --rateest-delta --rateest-lt' },
      'rateest-pps2': { good: ['5'], with: '--rateest1 a --rateest2 b --rateest-delta --rateest-lt' },
      'rateest-lt': { good: FLAG, with: '--rateest a --rateest-pps 5' },
      'rateest-gt': { good: FLAG, with: '--rateest a --rateest-pps 5' },
      'rateest-eq': { good: FLAG, with: '--rateest a --rateest-pps 5' },
    },
    { setup: ESTIMATORS },
  ),
  match(
    'set',
    {
      'match-set': ['s src', 'p src,dst', 's dst', 'l src'],
      set: ['s src'],
      'return-nomatch': FLAG,
      'update-counters': FLAG,
      'update-subcounters': FLAG,
      ...Object.fromEntries(
        ['packets', 'bytes'].flatMap((counted) =>
          ['eq', 'lt', 'gt'].map((operator) => [`${counted}-${operator}`, ['5', '0x10']]),
        ),
      ),
    },
    { family: 'ipv4', setup: SETS, needs: ['--match-set s src'] },
  ),
  match(
    'srh',
    {
      'srh-next-hdr': ['6', 'tcp'],
      ...Object.fromEntries(
        ['hdr-len', 'segs-left', 'last-entry'].flatMap((name) =>
          ['eq', 'gt', 'lt'].map((operator) => [`srh-${name}-${operator}`, ['0', '5', '255']]),
        ),
      ),
      'srh-tag': ['0', '65535'],
      'srh-psid': ['::1', '2001:db8::/32'],
      'srh-nsid': ['::1', '2001:db8::/32'],
      'srh-lsid': ['::1', '2001:db8::/32'],
    },
    { family: 'ipv6' },
  ),
  match('state', { state: ['NEW', 'new,ESTABLISHED', 'INVALID', 'UNTRACKED'] }),
  match('statistic', {
    mode: { good: ['random', 'nth'], with: '--probability 0.5' },
    probability: { good: ['0.5', '1', '0', '0.333'], with: '--mode random' },
    every: { good: ['5', '1'], with: '--mode nth --packet 0' },
    packet: { good: ['0', '2'], with: '--mode nth --every 3' },
  }),
  match(
    'string',
    {
      from: ['0', '5', '65535'],
      to: ['5', '65535'],
      algo: ['bm', 'kmp'],
      string: ['x', '"a b"', '"!"', '"a\\"b"', '"\\\\"'],
      'hex-string': { good: ['"|41 42|"', '"a|00|b"', '"|4142|"', '"!"', 'x'], with: '--algo bm' },
      icase: FLAG,
    },
    { needs: ['--string x', '--algo bm'] },
  ),
  match(
    'tcp',
    {
      'source-port': PORTS,
      'destination-port': PORTS,
      sport: PORTS,
      dport: PORTS,
      syn: FLAG,
      'tcp-flags': ['SYN,ACK SYN', 'ALL NONE', 'all Syn,fin', 'NONE NONE'],
      'tcp-option': ['1', '255'],
    },
    { before: '-p tcp' },
  ),
  match('tcpmss', { mss: ['5', '1:1400', '5:'] }, { before: '-p tcp' }),
  match('time', {
    datestart: ['2024-01-02T03:04:05', '2024', '2024-02', '2024-01-02'],
    datestop: ['2024-01-02T03:04:05', '2030', '2037-01'],
    timestart: ['10:00', '10:20:30', '1:2'],
    timestop: ['10:00', '10:20:30', '23:59:59'],
    contiguous: { good: FLAG, with: '--timestart 22:00 --timestop 5:00' },
    weekdays: ['Mon', 'Mo,Tu', '1,7', 'sun'],
    monthdays: ['1', '1,31', '15'],
    kerneltz: FLAG,
    localtz: [],
    utc: [],
  }),
  match('tos', { tos: ['0x10', '0x10/0x3f', 'Minimize-Delay', 'Normal-Service', '8'] }),
  match('ttl', { 'ttl-eq': ['0', '255'], ttl: ['5'], 'ttl-lt': ['5'], 'ttl-gt': ['5'] }, { family: 'ipv4' }),
  match('u32', { u32: ['"6&0xFF=1"', '"0>>22&0x3C@4>>16=80:90"', '"4=1:2,5&&8=3"', '0=0'] }),
  match('udp', { 'source-port': PORTS, 'destination-port': PORTS, sport: PORTS, dport: PORTS }, { before: '-p udp' }),
  target('AUDIT', { type: ['accept', 'DROP', 'reject'] }),
  target('CHECKSUM', { 'checksum-fill': FLAG }, { table: 'mangle' }),
  target('CLASSIFY', { 'set-class': ['1:5', 'ffff:1', '0:0'] }, { table: 'mangle' }),
  target(
    'CONNMARK',
    {
      'set-xmark': MASKED,
      'set-mark': MASKED,
      'and-mark': ['5', '0xff'],
      'or-mark': ['5', '0xff'],
      'xor-mark': ['5', '0xff'],
      'save-mark': FLAG,
      'restore-mark': FLAG,
      mask: { good: ['5', '0xff'], with: '--save-mark' },
      nfmask: { good: ['5', '0xff'], with: '--save-mark' },
      ctmask: { good: ['5', '0xff'], with: '--restore-mark' },
      'left-shift-mark': { good: ['1', '5', '31'], with: '--set-xmark 5' },
      'right-shift-mark': { good: ['1', '5', '31'], with: '--save-mark' },
    },
    { table: 'mangle' },
  ),
  target('CONNSECMARK', { save: FLAG, restore: FLAG }, { table: 'mangle' }),
  target(
    'CT',
    {
      notrack: FLAG,
      helper: ['ftp'],
      timeout: { good: ['x'], with: '--notrack' },
      ctevents: ['new', 'new,destroy', 'all'],
      expevents: ['new'],
      zone: ['5', '65535', 'mark'],
      'zone-orig': ['5', 'mark'],
      'zone-reply': ['5', 'mark'],
    },
    { table: 'raw', chain: 'PREROUTING', before: '-p tcp' },
  ),
  ...['DNPT', 'SNPT'].map((name) =>
    target(
      name,
      { 'src-pfx': ['2001:db8::/48', 'fd00::/64'], 'dst-pfx': ['2001:db8::/48', 'fd00::/64'] },
      {
        family: 'ipv6',
        table: 'mangle',
        chain: name === 'DNPT' ? 'PREROUTING' : 'POSTROUTING',
        needs: ['--src-pfx fd01::/64', '--dst-pfx fd02::/64'],
      },
    ),
  ),
  target('DSCP', { 'set-dscp': ['0', '0x3f'], 'set-dscp-class': ['BE', 'ef', 'CS1'] }, { table: 'mangle' }),
  target(
    'ECN',
    {
      'ecn-tcp-remove': FLAG,
      'ecn-tcp-cwr': ['0', '1'],
      'ecn-tcp-ece': ['0', '1'],
      'ecn-ip-ect': ['0', '3'],
    },
    { family: 'ipv4', table: 'mangle', before: '-p tcp' },
  ),
  target(
    'HL',
    { 'hl-set': ['0', '5', '255'], 'hl-dec': ['1', '5'], 'hl-inc': ['1', '5'] },
    { family: 'ipv6', table: 'mangle' },
  ),
  target(
    'TTL',
    { 'ttl-set': ['0', '5', '255'], 'ttl-dec': ['1', '5'], 'ttl-inc': ['1', '5'] },
    { family: 'ipv4', table: 'mangle' },
  ),
  target(
    'HMARK',
    {
      'hmark-tuple': ['src', 'src,dst,sport,dport', 'ct', 'spi'],
      'hmark-mod': ['5', '0x10'],
      'hmark-offset': ['5'],
      'hmark-rnd': ['0xcafe'],
      'hmark-src-prefix': { good: PREFIXES, with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-dst-prefix': { good: PREFIXES, with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-sport-mask': { good: ['0xff'], with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-dport-mask': { good: ['0xff'], with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-spi-mask': { good: ['0xff'], with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-sport': { good: ['5'], with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-dport': { good: ['5'], with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-spi': { good: ['5'], with: '--hmark-mod 5 --hmark-rnd 1' },
      'hmark-proto-mask': { good: ['0xff'], with: '--hmark-mod 5 --hmark-rnd 1 --hmark-src-prefix 24' },
    },
    { table: 'mangle', needs: ['--hmark-tuple src', '--hmark-mod 5', '--hmark-rnd 1'] },
  ),
  target('IDLETIMER', { timeout: ['5'], label: ['x', 'a-b'], alarm: FLAG }, { needs: ['--timeout 5', '--label x'] }),
  target('LOG', {
    'log-level': ['4', 'debug', 'warn', 'emerg', 'WARNING'],
    'log-prefix': ['x', '"a b "', '"!"'],
    'log-tcp-sequence': FLAG,
    'log-tcp-options': FLAG,
    'log-ip-options': FLAG,
    'log-uid': FLAG,
    'log-macdecode': FLAG,
  }),
  target(
    'MARK',
    Object.fromEntries(
      ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark'].map((name) => [
        name,
        name.startsWith('set') ? MASKED : ['5', '0xff'],
      ]),
    ),
    { table: 'mangle' },
  ),
  target('NFLOG', {
    'nflog-prefix': ['x', '"a b"', '"!"'],
    'nflog-group': ['0', '5', '65535'],
    'nflog-range': ['5'],
    'nflog-size': ['5'],
    'nflog-threshold': ['5', '1'],
  }),
  target('NFQUEUE', {
    'queue-num': ['0', '5'],
    'queue-balance': ['0:5'],
    'queue-bypass': FLAG,
    'queue-cpu-fanout': { good: FLAG, with: '--queue-balance 0:5' },
  }),
  target('NOTRACK', {}, { table: 'raw', chain: 'PREROUTING' }),
  target('TRACE', {}, { table: 'raw', chain: 'PREROUTING' }),
  target(
    'RATEEST',
    {
      'rateest-name': ['x', 'a-b'],
      'rateest-interval': ['250ms', '1s', '0.5s'],
      'rateest-ewmalog': ['500ms', '2s'],
    },
    { needs: ['--rateest-name n', '--rateest-interval 250ms', '--rateest-ewmalog 500ms'] },
  ),
  target(
    'REJECT',
    {
      'reject-with': [
        'icmp-port-unreachable',
        'port-unr',
        'icmp-admin-prohibited',
        'tcp-reset',
        'net-prohib',
        'echo-reply',
      ],
    },
    { family: 'ipv4', before: '-p tcp' },
  ),
  target(
    'REJECT',
    {
      'reject-with': ['icmp6-adm-prohibited', 'port-unreach', 'tcp-reset', 'no-route', 'policy-fail', 'reject-route'],
    },
    { family: 'ipv6', before: '-p tcp' },
  ),
  target(
    'SET',
    {
      'add-set': { good: ['s src', 'p src,dst'], with: '' },
      'del-set': { good: ['s src', 'p dst,dst'], with: '' },
      'map-set': { good: ['k src'], with: '--map-mark' },
      exist: { good: FLAG, with: '--add-set s src' },
      timeout: { good: ['5', '0'], with: '--add-set s src' },
      'map-mark': { good: FLAG, with: '--map-set k src' },
      'map-prio': { good: FLAG, with: '--map-set k src' },
      'map-queue': { good: FLAG, with: '--map-set k src' },
    },
    { family: 'ipv4', table: 'mangle', setup: SETS },
  ),
  target(
    'SET',
    {
      'add-set': { good: ['s src', 'p src,dst'], with: '' },
      'del-set': { good: ['s src', 'p dst,dst'], with: '' },
      'map-set': { good: ['k src'], with: '--map-mark' },
      exist: { good: FLAG, with: '--add-set s src' },
      timeout: { good: ['5', '0'], with: '--add-set s src' },
      'map-mark': { good: FLAG, with: '--map-set k src' },
      'map-prio': { good: FLAG, with: '--map-set k src' },
      'map-queue': { good: FLAG, with: '--map-set k src' },
    },
    { family: 'ipv4', table: 'mangle', setup: SETS },
  ),
  target(
    'SYNPROXY',
    { 'sack-perm': FLAG, timestamp: FLAG, wscale: ['7', '14'], mss: ['1460'], ecn: FLAG },
    { before: '-p tcp' },
  ),
  target('TCPMSS', { 'set-mss': ['1400'], 'clamp-mss-to-pmtu': FLAG }, { before: '-p tcp --syn' }),
  target('TCPOPTSTRIP', { 'strip-options': ['5', 'mss,wscale', 'timestamp'] }, { table: 'mangle', before: '-p tcp' }),
  target(
    'TEE',
    { gateway: ['10.0.0.1'], oif: { good: ['eth0'], with: '--gateway 10.0.0.1' } },
    { family: 'ipv4', table: 'mangle' },
  ),
  target(
    'TEE',
    { gateway: ['2001:db8::1'], oif: { good: ['eth0'], with: '--gateway ::1' } },
    { family: 'ipv6', table: 'mangle' },
  ),
  target(
    'TOS',
    {
      'set-tos': ['0x10', '0x10/0x3f', 'Maximize-Throughput'],
      'and-tos': ['0x10'],
      'or-tos': ['0x10'],
      'xor-tos': ['0x10'],
    },
    { table: 'mangle' },
  ),
  target(
    'TPROXY',
    { 'on-port': ['80', '65535'], 'on-ip': ['127.0.0.1'], 'tproxy-mark': MASKED },
    {
      family: 'ipv4',
      table: 'mangle',
      chain: 'PREROUTING',
      before: '-p tcp',
      needs: ['--on-port 80'],
    },
  ),
  target(
    'TPROXY',
    { 'on-ip': ['::1'] },
    {
      family: 'ipv6',
      table: 'mangle',
      chain: 'PREROUTING',
      before: '-p udp',
      needs: ['--on-port 80'],
    },
  ),
  ...(['ipv4', 'ipv6'] as const).flatMap((family) => {
    const to =
      family === 'ipv4'
        ? ['10.0.0.1', '10.0.0.1-10.0.0.9', '10.0.0.1:80', ':5-9', '10.0.0.1-10.0.0.3:5-9']
        : ['::1', '::1-::9', '[::1]:80', '[::1-::3]:5-9', ':5-9']
    const nat = { family, table: 'nat', before: '-p tcp' } as const
    return [
      target(
        'SNAT',
        { 'to-source': to, random: FLAG, 'random-fully': FLAG, persistent: FLAG },
        {
          ...nat,
          chain: 'POSTROUTING',
          needs: [`--to-source ${to[0]}`],
        },
      ),
      target(
        'DNAT',
        { 'to-destination': to, random: FLAG, persistent: FLAG },
        {
          ...nat,
          chain: 'PREROUTING',
          needs: [`--to-destination ${to[0]}`],
        },
      ),
      target(
        'MASQUERADE',
        { 'to-ports': ['5', '5-9'], random: FLAG, 'random-fully': FLAG },
        { ...nat, chain: 'POSTROUTING' },
      ),
      target('REDIRECT', { 'to-ports': ['5', '5-9', 'http'], random: FLAG }, { ...nat, chain: 'PREROUTING' }),
      target(
        'NETMAP',
        { to: family === 'ipv4' ? ['10.0.0.0/24', '10.0.0.1'] : ['2001:db8::/64', '::1'] },
        {
          ...nat,
          chain: 'PREROUTING',
        },
      ),
    ]
  }),
  match(
    'ipvs',
    {
      ipvs: FLAG,
      vproto: ['tcp', '17'],
      vaddr: { good: [] },
      vport: ['80', 'http'],
      vdir: ['ORIGINAL', 'reply'],
      vmethod: ['GATE', 'ipip', 'MASQ'],
      vportctl: ['21', 'ftp'],
    },
    { parserOnly: true },
  ),
  match('ipvs', { vaddr: ['10.0.0.1', '10.0.0.0/8'] }, { family: 'ipv4', parserOnly: true }),
  match('ipvs', { vaddr: ['::1', '2001:db8::/32'] }, { family: 'ipv6', parserOnly: true }),
  target(
    'LED',
    { 'led-trigger-id': ['x', '"a b"'], 'led-delay': ['0', '500', 'inf'], 'led-always-blink': FLAG },
    { needs: ['--led-trigger-id x'], parserOnly: true },
  ),
  target('SECMARK', { selctx: ['system_u:object_r:x'] }, { table: 'mangle', parserOnly: true }),
]
