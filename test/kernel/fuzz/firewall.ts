import fc from 'fast-check'
import {
  type Generator,
  generator,
  type Hosts,
  LOCAL_V4,
  LOCAL_V6,
  LOOPBACK_V4,
  type Setup,
  type TimedPacket,
} from './case.ts'
import { simpleConversation, simplePackets } from './flows.ts'
import { icmpConversation, icmpPackets } from './icmp.ts'
import { tcpPackets } from './tcp.ts'
import { stateConversation } from './tcp-states.ts'

/** `{name}` stands for what the name means in the family. */
const MEANINGS: Readonly<Record<string, readonly [string, string]>> = {
  client: ['10.0.0.0/8', '2001:db8:a::/48'],
  server: ['11.0.0.0/8', '2001:db8:b::/48'],
  third: ['12.0.0.0/8', '2001:db8:c::/48'],
  moved: ['12.255.7.7', '2001:db8:c::7777'],
  local: [LOCAL_V4, LOCAL_V6],
  icmp: ['1', '58'],
  to: ['12.255.7.7:2001', '[2001:db8:c::7777]:2001'],
}

/** Where the machine talks to itself (IPv4 only). */
const MEANINGS_ITSELF: typeof MEANINGS = {
  ...MEANINGS,
  client: ['127.1.0.0/16', MEANINGS.client[1]],
  server: ['127.2.0.0/16', MEANINGS.server[1]],
  third: ['127.3.0.0/16', MEANINGS.third[1]],
  moved: ['127.3.7.7', MEANINGS.moved[1]],
  local: [LOOPBACK_V4, LOCAL_V6],
  to: ['127.3.7.7:2001', MEANINGS.to[1]],
}

const CONNTRACK = [
  '--ctstate NEW',
  '--ctstate ESTABLISHED',
  '--ctstate RELATED,ESTABLISHED',
  '--ctstate INVALID',
  '--ctstate UNTRACKED',
  '! --ctstate NEW,RELATED',
  '--ctstate SNAT',
  '--ctstate DNAT',
  '! --ctstate DNAT,INVALID',
  '--ctproto 6',
  '! --ctproto 17',
  '--ctproto {icmp}',
  '--ctorigsrc {client}',
  '! --ctorigsrc {client}',
  '--ctorigsrc {local}',
  '--ctorigdst {server}',
  '--ctorigdst {local}',
  '--ctreplsrc {server}',
  '--ctreplsrc {third}',
  '--ctrepldst {client}',
  '! --ctrepldst {client}',
  '--ctproto 6 --ctorigsrcport 1000:1001',
  '--ctproto 6 --ctorigdstport 80',
  '--ctproto 17 --ctorigdstport 2000',
  '--ctproto 17 ! --ctreplsrcport 2000',
  '--ctproto 6 --ctrepldstport 1:1023',
  '--ctstatus NONE',
  '--ctstatus CONFIRMED',
  '--ctstatus SEEN_REPLY',
  '! --ctstatus SEEN_REPLY',
  '--ctstatus EXPECTED,SEEN_REPLY',
  '--ctdir ORIGINAL',
  '--ctdir REPLY',
  '--ctstate ESTABLISHED --ctdir REPLY --ctproto 17',
  '--ctorigsrc {client} --ctstatus CONFIRMED --ctstate NEW',
].map((options) => `-m conntrack ${options}`)

const EXPIRY = ['5:20', '45:90', '! 0:100', '200:1000', '250:440000', '! 150:160'].map((range) =>
  range.startsWith('!') ? `-m conntrack ! --ctexpire ${range.slice(2)}` : `-m conntrack --ctexpire ${range}`,
)

const OTHERS = [
  '',
  '-p tcp',
  '-p udp',
  '-p {icmp}',
  '-s {client}',
  '-d {client}',
  '-s {server}',
  '-d {third}',
  '-p tcp -m tcp --tcp-flags RST RST',
  '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN',
  '-p tcp -m conntrack --ctstatus ASSURED',
  '-m connmark --mark 0x1',
  '-m connmark ! --mark 0x2/0x3',
  '-m mark --mark 0x2/0x2',
  '-p tcp -m connbytes --connbytes 3 --connbytes-dir both --connbytes-mode packets',
  '-p tcp -m connbytes --connbytes 1 --connbytes-dir reply --connbytes-mode packets',
  '-p udp -m connbytes --connbytes 2 --connbytes-dir original --connbytes-mode packets',
  '-p 132 -m connbytes --connbytes 1:3 --connbytes-dir both --connbytes-mode packets',
  '-p udp -m connbytes ! --connbytes 100 --connbytes-dir reply --connbytes-mode bytes',
  '-p {icmp} -m connbytes --connbytes 45:200 --connbytes-dir both --connbytes-mode avgpkt',
  '-m length --length 41:60',
]

/** Rules with nothing but these let packets take the ways of others that they cannot tell apart. */
const PLAIN = [
  '',
  '-p tcp',
  '-p udp',
  '-s {client}',
  '-d {client}',
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate ESTABLISHED',
  '-m conntrack --ctstate INVALID',
]
const PLAIN_TARGETS = ['DROP', 'ACCEPT', 'ACCEPT', 'RETURN']

const RAW_TARGETS = ['CT --notrack', 'CT --zone 1', 'CT --zone 4', 'DROP']
const ZONES_FOR_ONE_DIRECTION = ['CT --zone-orig 2', 'CT --zone-reply 3']
const MANGLE_TARGETS = [
  'CONNMARK --set-xmark 0x1/0xffffffff',
  'CONNMARK --set-xmark 0x2/0x3',
  'CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
  'CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff',
  'MARK --set-xmark 0x2/0x2',
  'ACCEPT',
  'DROP',
]
const FILTER_TARGETS = ['DROP', 'DROP', 'ACCEPT', 'ACCEPT', 'REJECT', 'RETURN']
const DESTINATION_RULES = [
  '-d {server} -j NETMAP --to {third}',
  '-p tcp -j DNAT --to-destination {to}',
  '-p udp -j DNAT --to-destination {moved}',
  '-p udp -j DNAT --to-destination :2001',
  // They leave some connections as they are, and not others.
  '-p udp -j DNAT --to-destination :2000',
  '-p tcp -j DNAT --to-destination :80',
  '-p tcp -m conntrack --ctstate RELATED -j DNAT --to-destination {moved}',
]
const SOURCE_RULES = [
  '-s {client} -j NETMAP --to {third}',
  '-p tcp -j SNAT --to-source {moved}',
  '-s {server} -j SNAT --to-source {moved}',
  '-p udp -j SNAT --to-source :1500-1600',
  '-p udp -j SNAT --to-source :1000-1000',
  '-j NETMAP --to {client}',
]

interface Draft {
  mode: 'router' | 'host' | 'itself'
  kind: 'virtual' | 'instant'
  /** Rules, with the chain chosen by a number. */
  raw: readonly (readonly [number, string, string])[]
  mangle: readonly (readonly [number, string, string])[]
  destinations: readonly (readonly [number, string])[]
  sources: readonly (readonly [number, string])[]
  filter: readonly (readonly [number, string, string])[]
  policy: string
}

/** Before the tracker, where only an earlier rule may have laid something down. */
const IN_RAW = [
  ...['-p udp', '-p tcp', '-s {client}', '-p {icmp}', '-m length --length 41:60'],
  ...['NEW', 'INVALID', 'UNTRACKED'].map((state) => `-m conntrack --ctstate ${state}`),
  ...[
    '-m conntrack --ctproto 0',
    '-m conntrack ! --ctproto 0',
    '-m connmark --mark 0',
    '-m conntrack --ctdir ORIGINAL',
  ],
]

const chainNumber = fc.nat(5)
const matched = fc.constantFrom(...CONNTRACK, ...OTHERS)
const rule = (match: fc.Arbitrary<string>, targets: readonly string[], most: number) =>
  fc.array(fc.tuple(chainNumber, match, fc.constantFrom(...targets)), { maxLength: most })

const modes = fc.constantFrom<Draft['mode'][]>('router', 'host', 'itself')
const natRules = (rules: readonly string[]) =>
  fc.array(fc.tuple(chainNumber, fc.constantFrom(...rules)), { maxLength: 2 })
const policies = fc.constantFrom('ACCEPT', 'ACCEPT', 'DROP')

const plainDraft: fc.Arbitrary<Draft> = fc.record({
  mode: modes,
  kind: fc.constantFrom<Draft['kind'][]>('virtual', 'instant'),
  raw: rule(fc.constantFrom('-s {third}', '-p udp -s {client}'), ['DROP', 'ACCEPT'], 1),
  mangle: rule(fc.constantFrom(...PLAIN), PLAIN_TARGETS, 1),
  destinations: natRules(DESTINATION_RULES),
  sources: natRules(SOURCE_RULES),
  filter: rule(fc.constantFrom(...PLAIN), PLAIN_TARGETS, 3),
  policy: policies,
})

const richDraft: fc.Arbitrary<Draft> = fc
  .constantFrom<Draft['kind'][]>('virtual', 'virtual', 'instant')
  .chain((kind) => {
    const inFilter = kind === 'instant' ? fc.constantFrom(...CONNTRACK, ...OTHERS, ...EXPIRY, ...EXPIRY) : matched
    return fc.record({
      mode: modes,
      kind: fc.constant(kind),
      raw: rule(
        fc.constantFrom(...IN_RAW),
        kind === 'instant' ? [...RAW_TARGETS, ...ZONES_FOR_ONE_DIRECTION] : RAW_TARGETS,
        3,
      ),
      mangle: rule(matched, MANGLE_TARGETS, 4),
      destinations: natRules(DESTINATION_RULES),
      sources: natRules(SOURCE_RULES),
      filter: rule(inFilter, FILTER_TARGETS, 6),
      policy: policies,
    })
  })

const CHAINS = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  destinations: { router: ['PREROUTING'], host: ['PREROUTING', 'OUTPUT'] },
  sources: { router: ['POSTROUTING'], host: ['POSTROUTING', 'INPUT'] },
  filter: { router: ['FORWARD'], host: ['INPUT', 'OUTPUT'] },
} as const

const one = (chains: readonly string[], number: number): string => chains[number % chains.length]

function setupOf(value: Draft): Setup {
  const { mode, kind } = value
  const side = mode === 'router' ? 'router' : 'host'
  const filter = CHAINS.filter[side]
  const table = (name: string, chains: readonly string[], policy: string, rules: readonly string[]) => {
    return [`*${name}`, ...chains.map((chain) => `:${chain} ${policy} [0:0]`), ...rules, 'COMMIT']
  }
  const lines = (chains: readonly string[], rules: Draft['filter']) =>
    rules.map(([number, match, target]) => `-A ${one(chains, number)} ${match} -j ${target}`)
  const text = [
    ...table('raw', CHAINS.raw, 'ACCEPT', lines(CHAINS.raw, value.raw)),
    ...table('mangle', CHAINS.mangle, 'ACCEPT', lines(CHAINS.mangle, value.mangle)),
    ...table('nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], 'ACCEPT', [
      // The oracle does not see what routing refuses of a packet to the machine itself.
      ...(mode === 'itself' ? [] : value.destinations).map(
        ([number, rest]) => `-A ${one(CHAINS.destinations[side], number)} ${rest}`,
      ),
      ...value.sources.map(([number, rest]) => `-A ${one(CHAINS.sources[side], number)} ${rest}`),
    ]),
    ...table('filter', ['INPUT', 'FORWARD', 'OUTPUT'], value.policy, [
      ...lines(filter, value.filter),
      ...filter.map((chain) => `-A ${chain} -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT`),
    ]),
    '',
  ].join('\n')
  const meanings = mode === 'itself' ? MEANINGS_ITSELF : MEANINGS
  const inFamily = (family: 0 | 1) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => meanings[name][family]).replace(/ {2,}/g, ' ')
  return {
    mode,
    rules: inFamily(0),
    rules6: inFamily(1),
    // By virtual time the oracle knows only of the entry that gave the label, not of the one that a second judgement found.
    ...(kind === 'instant' || mode === 'itself' ? { instant: true } : {}),
  }
}

type Conversation = (hosts: Hosts) => TimedPacket[]

/** Rulesets with translation, zones, marks, accounting and every option of `-m conntrack`; as a router, as a host, and where a host talks to itself. */
export const FIREWALL: Generator = generator({
  name: 'firewall',
  arbitrary: fc.oneof(
    {
      weight: 3,
      arbitrary: stateConversation.map(
        (value): Conversation =>
          (hosts) =>
            tcpPackets(value, hosts),
      ),
    },
    {
      weight: 2,
      arbitrary: simpleConversation.map(
        (value): Conversation =>
          (hosts) =>
            simplePackets(value, hosts),
      ),
    },
    {
      weight: 1,
      arbitrary: icmpConversation.map(
        (value): Conversation =>
          (hosts) =>
            icmpPackets(value, hosts),
      ),
    },
  ),
  packets: (write, hosts) => write(hosts),
  setups: fc.oneof(plainDraft, richDraft).map(setupOf),
  packetsPerCapture: 1500,
})
