import { FAMILIES, FLAG, type Grammar, MASKED, PREFIXES, setsOf, target } from './grammar.ts'

/** Every target that is tried. */
export const TARGET_GRAMMARS: readonly Grammar[] = [
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
      ctevents: { good: ['new', 'new,destroy'], doubtful: ['all'] },
      expevents: ['new'],
      zone: ['5', '65535', 'mark'],
      'zone-orig': ['5', 'mark'],
      'zone-reply': ['5', 'mark'],
    },
    { table: 'raw', chain: 'PREROUTING', before: '-p tcp' },
  ),
  target(
    'CT',
    { timeout: ['x', 'a-b'], notrack: FLAG, zone: ['5'] },
    { table: 'raw', chain: 'PREROUTING', before: '-p tcp', recorded: true },
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
    'log-level': { good: ['4', 'debug', 'emerg', 'panic'], doubtful: ['warn', 'WARNING'] },
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
      'rateest-interval': {
        good: ['250ms', '1s', '0.5s', '1e3', '0x10ms'],
        with: '--rateest-name n --rateest-ewmalog 4s',
      },
      'rateest-ewmalog': ['500ms', '2s', '+2s', '-1'],
    },
    { needs: ['--rateest-name n', '--rateest-interval 250ms', '--rateest-ewmalog 500ms'] },
  ),
  target(
    'REJECT',
    {
      'reject-with': {
        good: ['icmp-port-unreachable', 'port-unr', 'icmp-admin-prohibited', 'tcp-reset', 'net-prohib'],
        doubtful: ['echo-reply'],
      },
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
  ...FAMILIES.map((family) =>
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
      { family, table: 'mangle', setup: setsOf(family) },
    ),
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
    { 'on-port': ['80'], 'on-ip': ['::1'], 'tproxy-mark': MASKED },
    {
      family: 'ipv6',
      table: 'mangle',
      chain: 'PREROUTING',
      before: '-p udp',
      needs: ['--on-port 80'],
    },
  ),
  ...FAMILIES.flatMap((family) => {
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
  target(
    'LED',
    { 'led-trigger-id': ['x', '"a b"'], 'led-delay': ['0', '500', 'inf'], 'led-always-blink': FLAG },
    { needs: ['--led-trigger-id x'], recorded: true },
  ),
  target('SECMARK', { selctx: ['system_u:object_r:x'] }, { table: 'mangle', recorded: true }),
]
