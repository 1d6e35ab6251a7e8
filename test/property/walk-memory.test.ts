import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { ENVIRONMENT, FakeConnections, packetOf } from '../ruleset/support.ts'
import { icmp, tcp, udp } from '../support/packets.ts'

interface Settings {
  readonly bytes: Uint8Array
  readonly inInterface: number
  readonly state: number
  readonly connection: number
  readonly mark: number
  /** Nanoseconds since the packet before. */
  readonly laterNs: number
}

/** One of TCP, and one of UDP. */
class TwoConnections extends FakeConnections {
  override protocol(connection?: number): number {
    return connection === 0 ? 6 : 17
  }
}

/** What rules say of packets one after the other, what they did to them, and what they counted and left behind. */
function answers(text: string, packets: readonly Settings[], remembersWalks: boolean): string[] {
  const rules = compileRuleset(parseRuleset(text, 'rules', 'ipv4'), ENVIRONMENT, { remembersWalks })
  const connections = new TwoConnections()
  let nowNs = 0
  const lines = packets.map(({ bytes, laterNs, state, connection, ...settings }) => {
    nowNs += laterNs
    const one = packetOf(bytes, {
      ...settings,
      state,
      nowNs,
      connections,
      connection: state === 1 ? -1 : connection,
      direction: state === 1 ? -1 : 0,
      outInterface: -1,
    })
    one.edits.begin()
    const verdict = rules.tablesAt(one.hook)[0].run(one)
    const changed = [...one.fields].join(' ')
    const { record } = rules.rules[one.decidedBy]
    const why = one.unknownReason < 0 ? '' : rules.unknownReason(one.unknownReason)
    const { mark, unknownMark, tracking, possibleVerdicts, edits } = one
    return JSON.stringify({ verdict, record, possibleVerdicts, why, mark, unknownMark, tracking, changed, ...edits })
  })
  const counters = rules.rules.map(({ id }) => `${rules.packets(id)}:${rules.bytes(id)}`).join(' ')
  return [...lines, counters, `${connections.mark(0)} ${connections.mark(1)}`]
}

const words = (...choices: string[]) => fc.constantFrom(...choices)

const rule = fc
  .tuple(
    words('FORWARD', 'FORWARD', 'FORWARD', 'A', 'B'),
    words('', '-i eth0 ', '! -i eth1 ', '-i eth+ ', '-s 10.0.0.1 ', '-o eth0 '),
    words('', '', '-p tcp ', '-p tcp --dport 80 ', '-p tcp --syn ', '-p udp '),
    words(
      '',
      '',
      '-m limit --limit 1/second --limit-burst 2 ',
      '-m limit --limit 1/hour --limit-burst 1 ',
      '-m recent --name seen --set ',
      '-m recent --name seen --rcheck --hitcount 2 ',
      '-m recent --name seen --remove ',
      '-m statistic --mode nth --every 2 --packet 0 ',
      '-m hashlimit --hashlimit-upto 1/second --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name h ',
      '-m length --length 60:100 ',
      '-m ttl --ttl-gt 63 ',
      '-m mark --mark 1/1 ',
      '-m connmark --mark 1/1 ',
      '-m conntrack --ctorigdstport 80 ',
      '-m conntrack --ctstate NEW ',
      '-m conntrack --ctproto 6 ',
      '-m pkttype --pkt-type unicast ',
      '-m string --algo bm --string x ',
    ),
    words('', '', '-m mark ! --mark 2 ', '-m connmark ! --mark 2 ', '-m quota --quota 200 '),
    words(
      '-j ACCEPT',
      '-j DROP',
      '-j RETURN',
      '',
      '-j LOG',
      '-j MARK --or-mark 1',
      '-j MARK --set-mark 2/3',
      '-j CONNMARK --save-mark',
      '-j CONNMARK --set-mark 1/1',
      '-j CONNMARK --restore-mark',
      '-j TTL --ttl-set 64',
      '-j A',
      '-j B',
    ),
  )
  .map((parts) => `-A ${parts[0]} ${parts.slice(1).join('')}`)
  .map((line) => line.replace(/^(-A A .*)-j A$/, '$1-j B').replace(/^(-A B .*)-j [AB]$/, '$1-j DROP'))

/** The beginning of a chain that is found by length. */
const BY_LENGTH = Array.from({ length: 60 }, (_, at) => `-A B -m length --length ${40 + at} -j DROP`)

const text = fc
  .tuple(fc.array(rule, { minLength: 1, maxLength: 14 }), fc.boolean())
  .map(([rules, byLength]) =>
    [
      '*mangle',
      ':FORWARD ACCEPT [0:0]',
      ':A - [0:0]',
      ':B - [0:0]',
      ...(byLength ? BY_LENGTH : []),
      ...rules,
      'COMMIT',
      '',
    ].join('\n'),
  )

const bytes = fc.oneof(
  fc
    .tuple(words('10.0.0.1', '10.0.0.2'), words('S', 'A'), words('', 'x', 'longer than the others by far: 60 and more'))
    .map(([source, flags, data]) => tcp(`${source}:1024>192.0.2.7:80`, flags, { data })),
  words('', 'x').map((data) => udp('10.0.0.1:80>192.0.2.7:53', { data })),
  fc.constant(icmp('10.0.0.1>192.0.2.7', 8, 1)),
)

/** So few kinds that many are the same to the rules. */
const packet: fc.Arbitrary<Settings> = fc.record({
  bytes,
  inInterface: fc.constantFrom(-1, -1, -1, 1),
  state: fc.constantFrom(2, 8, 8, 1),
  connection: fc.constantFrom(0, 0, 1),
  mark: fc.constantFrom(0, 0, 1),
  laterNs: fc.constantFrom(0, 0, 3e8, 2e9),
})

test('what was answered to others shows in no answer, whatever rules remember, ask and change', () => {
  fc.assert(
    fc.property(text, fc.array(packet, { minLength: 10, maxLength: 40 }), (rules, packets) => {
      expect(answers(rules, packets, true)).toEqual(answers(rules, packets, false))
    }),
    { numRuns: 600 },
  )
})

describe('of two packets that are the same to what is remembered', () => {
  const one = (data: Uint8Array, connection = 0): Settings => ({
    bytes: data,
    inInterface: -1,
    state: 8,
    connection,
    mark: 0,
    laterNs: 0,
  })
  const said = (rules: string, ...packets: (Uint8Array | Settings)[]): (string | number)[] =>
    answers(
      rules,
      packets.map((each) => ('bytes' in each ? each : one(each))),
      true,
    )
      .slice(0, packets.length)
      .map((answer) => JSON.parse(answer).verdict)
  const ACCEPT = 1
  const UNKNOWN = 4

  test('a chain that is found by length asks each for its own', () => {
    const rules = ['*mangle', ':FORWARD ACCEPT', ':B -', ...BY_LENGTH, '-A FORWARD -i eth0 -j B', 'COMMIT', ''].join(
      '\n',
    )
    const short = udp('10.0.0.1:80>192.0.2.7:53', { data: 'x'.repeat(20) })
    const long = udp('10.0.0.1:80>192.0.2.7:53', { data: 'x'.repeat(200) })
    expect(said(rules, long, short, long)).toEqual([ACCEPT, UNKNOWN, ACCEPT])
    expect(said(rules, short, long, short)).toEqual([UNKNOWN, ACCEPT, UNKNOWN])
  })

  test('an ICMP error about TCP is not taken for one about UDP', () => {
    const asks = '-A A -m conntrack --ctproto 6 -j DROP'
    const rules = `*mangle\n:FORWARD ACCEPT\n:A -\n-A FORWARD -i eth0 -j A\n${asks}\nCOMMIT\n`
    const [tcpError, udpError] = [0, 1].map((connection) => one(icmp('10.0.0.1>192.0.2.7', 3, 1), connection))
    expect(said(rules, tcpError, udpError, tcpError)).toEqual([UNKNOWN, ACCEPT, UNKNOWN])
    expect(said(rules, udpError, tcpError, udpError)).toEqual([ACCEPT, UNKNOWN, ACCEPT])
  })

  test('a TCP header that is too short for one is not taken for a whole one', () => {
    const rules = '*mangle\n:FORWARD ACCEPT\n-A FORWARD -i eth0 -p tcp --tcp-option 5 -j DROP\nCOMMIT\n'
    const whole = tcp('10.0.0.1:1024>192.0.2.7:80', 'A')
    const broken = whole.slice()
    broken[20 + 12] = 0x40
    expect(said(rules, whole, broken, whole)).toEqual([ACCEPT, UNKNOWN, ACCEPT])
    expect(said(rules, broken, whole, broken)).toEqual([UNKNOWN, ACCEPT, UNKNOWN])
  })
})
