import fc from 'fast-check'
import { type Generator, generator, type Hosts, type Setup, type TimedPacket } from './case.ts'
import { simpleConversation, simplePackets } from './flows.ts'
import { tcpPackets } from './tcp.ts'
import { stateConversation } from './tcp-states.ts'

const MATCHES = [
  '-p tcp',
  '-p udp',
  '-p tcp -m tcp --dport 80',
  '-p tcp -m tcp --sport 80',
  '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN',
  '-p tcp -m tcp --tcp-flags RST RST',
  '-p tcp -m tcp --tcp-flags FIN FIN',
  '-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK',
  '-p tcp -m tcp --tcp-flags PSH PSH',
  '-p tcp -m conntrack --ctstate NEW -m tcp ! --syn',
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate INVALID',
  '-m conntrack --ctstate ESTABLISHED --ctdir REPLY',
  '-m conntrack --ctstate ESTABLISHED --ctdir ORIGINAL',
  '-m conntrack --ctstatus NONE',
  // Of UDP the oracle sets ASSURED after the packet, by virtual time: its own rules do not see it yet.
  '-p tcp -m conntrack --ctstatus ASSURED',
  '-m conntrack ! --ctstatus SEEN_REPLY',
  '-m conntrack --ctproto 17',
  '-m length --length 41:60',
  '-m length --length 100:65535',
  '-m connmark --mark 0x1',
  '-m mark --mark 0x2/0x2',
  '',
]
const FILTER_TARGETS = ['DROP', 'DROP', 'DROP', 'ACCEPT', 'REJECT', 'RETURN']
const MANGLE_TARGETS = ['DROP', 'ACCEPT', 'CONNMARK --set-xmark 0x1/0xffffffff', 'MARK --set-xmark 0x2/0x2']

const match = fc.constantFrom(...MATCHES)
const line = (chain: string, targets: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(match, fc.constantFrom(...targets)).map(([what, target]) => {
    const isReset = target === 'REJECT' && what.startsWith('-p tcp')
    return `-A ${chain} ${what} -j ${target}${isReset ? ' --reject-with tcp-reset' : ''}`.replace('  ', ' ')
  })
const lines = (chain: string, targets: readonly string[], most: number): fc.Arbitrary<string> =>
  fc.array(line(chain, targets), { maxLength: most }).map((all) => all.join('\n'))

const ruleset: fc.Arbitrary<Setup> = fc
  .record({
    raw: fc.array(
      fc.constantFrom(
        '-p udp -j CT --notrack',
        '-p tcp -m tcp --tcp-flags RST RST -j DROP',
        '-m length --length 41:60 -j DROP',
        '-p tcp -m tcp --sport 80 --tcp-flags PSH PSH -j CT --notrack',
      ),
      { maxLength: 1 },
    ),
    prerouting: lines('PREROUTING', MANGLE_TARGETS, 2),
    postrouting: lines('POSTROUTING', MANGLE_TARGETS, 2),
    forward: lines('FORWARD', FILTER_TARGETS, 4),
    policy: fc.constantFrom('ACCEPT', 'ACCEPT', 'DROP'),
    last: fc.constantFrom(
      '-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT',
      '-A FORWARD -m conntrack --ctdir ORIGINAL -j ACCEPT',
    ),
  })
  .map(({ raw, prerouting, postrouting, forward, policy, last }) => ({
    rules: [
      '*raw',
      ':PREROUTING ACCEPT [0:0]',
      ...raw.map((rule) => `-A PREROUTING ${rule}`),
      'COMMIT',
      '*mangle',
      ':PREROUTING ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      prerouting,
      postrouting,
      'COMMIT',
      '*filter',
      `:FORWARD ${policy} [0:0]`,
      forward,
      last,
      'COMMIT',
      '',
    ]
      .filter((text) => text !== '')
      .join('\n')
      .concat('\n'),
  }))

type Conversation = (hosts: Hosts) => TimedPacket[]

/** Small rulesets that drop and reject here and there: the verdict decides what becomes of the connection. */
export const RULES: Generator = generator({
  name: 'rules',
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
      weight: 1,
      arbitrary: simpleConversation.map(
        (value): Conversation =>
          (hosts) =>
            simplePackets(value, hosts),
      ),
    },
  ),
  packets: (write, hosts) => write(hosts),
  setups: ruleset,
  packetsPerCapture: 2000,
})
