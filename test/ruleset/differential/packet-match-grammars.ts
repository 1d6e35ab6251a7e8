import { FLAG, type Grammar, match, NUMERIC_PORTS, PORTS, RANGES, SPIS } from './grammar.ts'

/** Matches that read the packet alone. */
export const PACKET_MATCH_GRAMMARS: readonly Grammar[] = [
  match(
    'ah',
    { ahspi: SPIS, ahlen: { good: [], doubtful: ['5'] }, ahres: { good: [], doubtful: FLAG } },
    { family: 'ipv4', before: '-p ah' },
  ),
  match('ah', { ahspi: SPIS, ahlen: RANGES.slice(0, 1), ahres: FLAG }, { family: 'ipv6', before: '-p ah' }),
  match('bpf', { bytecode: ['"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"', '"1,6 0 0 1"'] }),
  match('bpf', { 'object-pinned': ['/sys/fs/bpf/x', '"a b"'] }, { recorded: true }),
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
  match('hl', { 'hl-eq': ['0', '255'], hl: ['5'], 'hl-lt': ['5'], 'hl-gt': ['5'] }, { family: 'ipv6' }),
  match(
    'icmp',
    {
      'icmp-type': [
        '8',
        'echo-request',
        '3/1',
        'any',
        'host-unreachable',
        '255',
        'ping',
        'time-e',
        '3/1:2',
        '12/0:255',
      ],
    },
    { family: 'ipv4', before: '-p icmp' },
  ),
  match(
    'icmp6',
    {
      'icmpv6-type': ['128', 'echo-reply', '1/3', 'redirect', 'packet-too-big', '1/0:3', '128/0:255'],
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
    {
      header: { good: ['hop', 'dst,route', '44', 'ipv6-opts', 'esp,auth,none'], doubtful: ['esp,auth,none,proto'] },
      soft: FLAG,
    },
    {
      family: 'ipv6',
      needs: ['--header hop'],
    },
  ),
  match('length', { length: ['5', '1:5', ':5', '5:'] }),
  match('mac', { 'mac-source': ['00:11:22:aa:BB:cc', '0:1:2:3:4:5'] }, { chain: 'INPUT' }),
  match(
    'mh',
    { 'mh-type': ['1', 'binding-update', 'hoti:be', 'bu', '3:', ':4', 'Home-Test'] },
    {
      family: 'ipv6',
      before: '-p mobility-header',
    },
  ),
  ...['tcp', 'udp', 'sctp', 'dccp', 'udplite'].map((protocol) => {
    const good = ['80', '80,443', '1:5,80']
    const lists = protocol === 'tcp' ? { good: [...good, 'http,21'] } : { good, doubtful: ['http,21'] }
    const names = ['source-ports', 'sports', 'destination-ports', 'dports', 'ports', 'port']
    return match('multiport', Object.fromEntries(names.map((name) => [name, lists])), { before: `-p ${protocol}` })
  }),
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
      'source-port': { good: NUMERIC_PORTS, doubtful: ['http', 'domain:http'] },
      'destination-port': { good: NUMERIC_PORTS, doubtful: ['http', 'domain:http'] },
      sport: { good: NUMERIC_PORTS, doubtful: ['http', 'domain:http'] },
      dport: { good: NUMERIC_PORTS, doubtful: ['http', 'domain:http'] },
      'chunk-types': ['any DATA', 'all INIT,DATA:Be', 'only ABORT:t', 'any ALL'],
    },
    { before: '-p sctp' },
  ),
  match(
    'srh',
    {
      'srh-next-hdr': { good: ['6', '17'], doubtful: ['tcp'] },
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
  match('tos', { tos: ['0x10', '0x10/0x3f', 'Minimize-Delay', 'Normal-Service', '8'] }),
  match('ttl', { 'ttl-eq': ['0', '255'], ttl: ['5'], 'ttl-lt': ['5'], 'ttl-gt': ['5'] }, { family: 'ipv4' }),
  match('u32', { u32: ['"6&0xFF=1"', '"0>>22&0x3C@4>>16=80:90"', '"4=1:2,5&&8=3"', '0=0'] }),
  match('udp', { 'source-port': PORTS, 'destination-port': PORTS, sport: PORTS, dport: PORTS }, { before: '-p udp' }),
]
