import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Mode } from '../../src/netfilter/topology.ts'
import { listConnections } from '../conntrack/listing.ts'
import { outcomeText, Replaying } from '../netfilter/replaying.ts'
import { tcp, udp } from '../support/packets.ts'
import { crowded, network, type Pair, type Sent } from './conversations.ts'

/** Long enough that most packets may take the short way, with something now and then that may not. */
const chatter: fc.Arbitrary<Sent[]> = fc
  .record({
    pair: crowded,
    protocol: fc.constantFrom('tcp', 'tcp', 'udp'),
    turns: fc.array(
      fc.record({
        fromServer: fc.boolean(),
        bytes: fc.constantFrom(0, 0, 1, 20, 900),
        ttl: fc.constantFrom(64, 64, 64, 64, 1),
        tos: fc.constantFrom(0, 0, 0, 8),
        flags: fc.constantFrom('A', 'A', 'A', 'PA', 'PA', 'FA', 'R', 'S', ''),
        skip: fc.constantFrom(0, 0, 0, 0, 0, 1_000_000),
        checksum: fc.constantFrom(undefined, undefined, undefined, undefined, 1),
        gap: fc.constantFrom(0, 0.01, 0.01, 1, 40, 200),
      }),
      { minLength: 10, maxLength: 40 },
    ),
  })
  .map(({ pair, protocol, turns }) => (protocol === 'tcp' ? talk(pair, turns) : datagrams(pair, turns)))

interface Turn {
  fromServer: boolean
  bytes: number
  ttl: number
  tos: number
  flags: string
  skip: number
  checksum: number | undefined
  gap: number
}

function talk({ client, server, port }: Pair, turns: readonly Turn[]): Sent[] {
  const paths = [`${client}:${port}>${server}:80`, `${server}:80>${client}:${port}`] as const
  const next = [1001, 5001]
  const sent: Sent[] = [
    { bytes: tcp(paths[0], 'S', { seq: 1000 }), gap: 0, dropped: false },
    { bytes: tcp(paths[1], 'SA', { seq: 5000, ack: 1001 }), gap: 0, dropped: false },
  ]
  for (const { fromServer, bytes, ttl, tos, flags, skip, checksum, gap } of turns) {
    const side = fromServer ? 1 : 0
    const seq = next[side] + skip
    const ack = next[1 - side]
    const sums = checksum === undefined ? {} : { checksum }
    sent.push({ bytes: tcp(paths[side], flags, { seq, ack, data: bytes, ttl, tos, ...sums }), gap, dropped: false })
    if (skip === 0 && flags.includes('A')) next[side] += bytes
  }
  return sent
}

function datagrams({ client, server, port }: Pair, turns: readonly Turn[]): Sent[] {
  return turns.map(({ fromServer, bytes, ttl, tos, checksum, gap }) => {
    const path = fromServer ? `${server}:53>${client}:${port}` : `${client}:${port}>${server}:53`
    const sums = checksum === undefined ? {} : { checksum }
    return { bytes: udp(path, { data: bytes, ttl, tos, ...sums }), gap, dropped: false }
  })
}

const match = fc.constantFrom(
  '',
  '-p tcp',
  '-p udp --dport 53',
  '-p tcp --sport 80',
  '-s 10.0.0.0/24',
  '-d 10.0.0.2',
  '! -s 10.0.0.1 -p tcp',
  '-p tcp -m multiport --ports 80,1000:1001',
  '-m iprange --src-range 10.0.0.2-10.0.0.3',
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate ESTABLISHED,RELATED',
  '-m conntrack --ctstate INVALID',
  '-m conntrack --ctstate UNTRACKED',
  '-m conntrack --ctdir REPLY',
  '-m conntrack --ctstatus ASSURED',
  '-p tcp -m tcp --tcp-flags PSH PSH',
  '-p tcp -m tcp --tcp-flags FIN,RST FIN',
  '-m length --length 41:100',
  '-m tos --tos 8',
  '-m ttl --ttl-gt 10',
  '-m mark --mark 1',
  '-m connmark --mark 1',
  '-m limit --limit 1/min --limit-burst 3',
  '-m addrtype --dst-type UNICAST',
  '-m pkttype --pkt-type broadcast',
  '-i lan',
  '-m owner --uid-owner 0',
)

function table(name: string, chains: readonly string[], targets: readonly string[]): fc.Arbitrary<string> {
  const rule = fc
    .tuple(fc.constantFrom(...chains), match, fc.constantFrom(...targets))
    .filter(([chain, what]) => what !== '-i lan' || !['OUTPUT', 'POSTROUTING'].includes(chain))
    .filter(([chain, what]) => !what.includes('owner') || ['OUTPUT', 'POSTROUTING'].includes(chain))
    .filter(([, what, target]) => !target.includes('tcp-reset') || what.includes('-p tcp'))
    .map(([chain, what, target]) => `-A ${chain} ${what} ${target}`)
  const policy = name === 'filter' ? fc.constantFrom('ACCEPT', 'ACCEPT', 'DROP') : fc.constant('ACCEPT')
  return fc
    .tuple(policy, fc.array(rule, { maxLength: 5 }))
    .map(([chosen, rules]) =>
      [`*${name}`, ...chains.map((chain) => `:${chain} ${chosen} [0:0]`), ...rules, 'COMMIT'].join('\n'),
    )
}

/** What it does to sources, and to destinations, of some connections. */
const natTable = fc
  .tuple(
    fc.array(
      fc.constantFrom(
        '-A POSTROUTING -s 10.0.0.1 -j MASQUERADE',
        '-A POSTROUTING -o wan -j MASQUERADE',
        '-A POSTROUTING -s 10.0.0.2 -j SNAT --to-source 10.9.9.77',
        '-A POSTROUTING -p tcp -j SNAT --to-source 10.9.9.77:5000-5001',
        '-A POSTROUTING -d 10.9.9.9 -j ACCEPT',
        // These leave some connections as they are.
        '-A POSTROUTING -j SNAT --to-source 10.0.0.1',
        '-A POSTROUTING -p udp -j SNAT --to-source 10.0.0.1-10.0.0.2',
        '-A POSTROUTING -d 10.9.9.9 -j NETMAP --to 10.0.0.0/30',
      ),
      { maxLength: 2 },
    ),
    fc.array(
      fc.constantFrom(
        '-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.9.9.10:8080',
        '-A PREROUTING -d 10.9.9.9 -j DNAT --to-destination 10.9.9.10',
        '-A PREROUTING -i lan -p udp -j REDIRECT --to-ports 5353',
        '-A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.9.9.10',
        '-A PREROUTING -j RETURN',
        '-A PREROUTING -p tcp -j DNAT --to-destination :80',
        '-A PREROUTING -p udp -j DNAT --to-destination 10.9.9.9',
        '-A PREROUTING -d 10.9.9.8/30 -j NETMAP --to 10.9.9.8/31',
      ),
      { maxLength: 2 },
    ),
  )
  .map(([sources, destinations]) =>
    ['*nat', ':PREROUTING ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]', ...destinations, ...sources, 'COMMIT'].join('\n'),
  )

const FILTER = ['FORWARD', 'INPUT', 'OUTPUT']
const ruleset = fc
  .tuple(
    fc.option(
      table('raw', ['PREROUTING', 'OUTPUT'], ['-j NOTRACK', '-j CT --zone 3', '-j DROP', '', '-j ACCEPT', '-j ACCEPT']),
    ),
    fc.option(
      table(
        'mangle',
        ['PREROUTING', 'POSTROUTING'],
        ['-j MARK --set-mark 1', '-j CONNMARK --set-mark 1', '-j TOS --set-tos 8', ''],
      ),
    ),
    fc.option(
      fc.oneof(table('nat', ['PREROUTING'], ['-p tcp -j DNAT --to-destination 10.9.9.10', '-j REDIRECT']), natTable),
    ),
    table('filter', FILTER, [
      '-j ACCEPT',
      '-j ACCEPT',
      '-j DROP',
      '-j RETURN',
      '-j LOG',
      '',
      '-j REJECT',
      '-j REJECT --reject-with tcp-reset',
    ]),
  )
  .map((tables) => `${tables.filter((one) => one !== null).join('\n')}\n`)
  // A rule that has nat's target and a protocol of its own is none that iptables takes.
  .filter((text) => !/-p udp.*-p tcp|-p tcp.*-p tcp/.test(text))

const traffic = fc.oneof(
  network(crowded, 8),
  fc.tuple(chatter, chatter, fc.infiniteStream(fc.boolean())).map(([one, other, turns]) => {
    const queues = [[...one], [...other]]
    const mixed: Sent[] = []
    while (queues[0].length + queues[1].length > 0) {
      const packet = queues[turns.next().value ? 0 : 1].shift() ?? queues[0].shift() ?? queues[1].shift()
      if (packet !== undefined) mixed.push(packet)
    }
    return mixed
  }),
)

const mode = fc.constantFrom<Mode>('router', 'host')

/** @param together how many packets the machine looks at before it takes the first of them */
function answers(rules: string, where: Mode, packets: readonly Sent[], fastPath: boolean, together = 1): string[] {
  const local = where === 'host' ? ['10.0.0.1', '10.9.9.9'] : []
  const replaying = new Replaying({ rules, mode: where, local, fastPath })
  const { outcome, ruleset4 } = replaying
  const said: string[] = []
  for (let at = 0; at < packets.length; at += together) {
    replaying.sayTogether(packets.slice(at, at + together), () => {
      const { connectionNumber, direction, confirmedNew, reason, reasonA, possibleVerdicts, assumesFrame } = outcome
      const numbers = [connectionNumber, direction, reason, reasonA, possibleVerdicts, assumesFrame]
      said.push(`${outcomeText(outcome)} ${confirmedNew} ${numbers.join(' ')}`)
    })
  }
  replaying.machine.settle()
  const counted = ruleset4?.rules.map(({ id, record }) => `${record} ${ruleset4.packets(id)} ${ruleset4.bytes(id)}`)
  const { tracker, journey } = replaying.machine
  const { current } = tracker
  const unsure = `translated perhaps: ${journey.nat.unsureSources.count}`
  const left = listConnections(current, current.nowNs).map((one) => JSON.stringify(one))
  return [...said, ...(counted ?? []), unsure, ...left.sort()]
}

test('no answer and no counter depends on the fast path', () => {
  fc.assert(
    fc.property(ruleset, mode, traffic, fc.constantFrom(1, 3, 32), (rules, where, packets, together) => {
      expect(answers(rules, where, packets, true, together)).toEqual(answers(rules, where, packets, false))
    }),
    { numRuns: 120 },
  )
})

/** Nothing that would keep packets from taking the ways of others. */
const plainRule = fc
  .tuple(
    fc.constantFrom(
      '-s 10.0.0.1',
      '-s 10.0.0.0/24',
      '-d 10.9.9.9',
      '! -d 10.0.0.3',
      '-p tcp --dport 80',
      '-p tcp --sport 80',
      '-p udp --dport 53',
      '-p tcp -m multiport --ports 1000,1001',
      '-m conntrack --ctstate NEW',
      '-p tcp --syn',
      '-i lan',
      '-i lan -p udp',
      '-m addrtype --src-type UNICAST',
    ),
    fc.constantFrom(
      '-j ACCEPT',
      '-j DROP',
      '-j LOG',
      '',
      '-j REJECT',
      '-j REJECT --reject-with tcp-reset',
      '-j NFQUEUE',
    ),
  )
  .filter(([what, target]) => !target.includes('tcp-reset') || what.startsWith('-p tcp'))
  .map(([what, target]) => `-A FORWARD ${what} ${target}`)
const rawTable = fc
  .constantFrom(
    '-s 10.0.0.1 -j LOG',
    '-s 10.0.0.2 -j DROP',
    '-p udp -j NOTRACK',
    '-s 10.0.0.1 -p tcp -j CT --zone 1',
    '-p tcp --dport 80 -j CT --helper ftp',
    '-m rpfilter --invert -j DROP',
    '-i lan -p udp -j DROP',
    '-p tcp --tcp-flags ALL FIN -j DROP',
  )
  .map((rule) => `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${rule}\nCOMMIT`)
const mangleTable = fc
  .tuple(
    fc.constantFrom('PREROUTING', 'PREROUTING', 'FORWARD', 'POSTROUTING'),
    fc.constantFrom('-s 10.0.0.1', '-d 10.0.0.1', '-p udp', '-m conntrack --ctstate NEW'),
    fc.constantFrom('-j DROP', '-j DROP', '-j MARK --set-mark 1', '-j ACCEPT'),
  )
  .map(([chain, what, target]) => `*mangle\n:${chain} ACCEPT [0:0]\n-A ${chain} ${what} ${target}\nCOMMIT`)
const plainRuleset = fc
  .tuple(
    fc.option(natTable),
    fc.option(fc.oneof(rawTable, mangleTable)),
    fc.constantFrom('ACCEPT', 'DROP'),
    fc.array(plainRule, { minLength: 1, maxLength: 4 }),
  )
  .map(([nat, other, policy, rules]) =>
    [
      ...(other ? [other] : []),
      ...(nat ? [nat] : []),
      '*filter',
      `:FORWARD ${policy} [0:0]`,
      ...rules,
      'COMMIT',
      '',
    ].join('\n'),
  )

test('nor on the ways of other connections', () => {
  fc.assert(
    fc.property(
      plainRuleset,
      fc.oneof(network(crowded, 12), traffic),
      fc.constantFrom(1, 32),
      (rules, packets, together) => {
        expect(answers(rules, 'router', packets, true, together)).toEqual(answers(rules, 'router', packets, false))
      },
    ),
    { numRuns: 300 },
  )
})

const resettingRuleset = fc
  .tuple(
    fc.constantFrom('--tcp-flags PSH PSH', '--tcp-flags FIN,RST FIN', '--sport 80', '-m length --length 41:100'),
    fc.constantFrom('', '-A FORWARD -p tcp --tcp-flags RST RST -j DROP'),
  )
  .map(([what, second]) =>
    [
      '*filter',
      ':FORWARD ACCEPT [0:0]',
      `-A FORWARD -p tcp ${what} -j REJECT --reject-with tcp-reset`,
      second,
      'COMMIT\n',
    ].join('\n'),
  )

test('nor where rules answer with resets', () => {
  fc.assert(
    fc.property(resettingRuleset, traffic, (rules, packets) => {
      expect(answers(rules, 'router', packets, true, 32)).toEqual(answers(rules, 'router', packets, false))
    }),
    { numRuns: 100 },
  )
})
