import { expect, test } from 'vitest'
import { HOOK_FORWARD } from '../../../src/ruleset/packet/hooks.ts'
import {
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_REJECT,
  VERDICT_UNKNOWN,
} from '../../../src/ruleset/packet/rule-packet.ts'
import { tcp, udp } from '../../support/packets.ts'
import { Replaying, table } from '../replaying.ts'

/** A TCP connection's packets up to the first data, which a client sends. */
function opened(
  client: string,
  server: string,
): { syn: Uint8Array; answer: Uint8Array; data: (flags: string) => Uint8Array } {
  return {
    syn: tcp(`${client}>${server}`, 'S', { seq: 1 }),
    answer: tcp(`${server}>${client}`, 'SA', { seq: 10, ack: 2 }),
    data: (flags) => tcp(`${client}>${server}`, flags, { seq: 2, ack: 11, data: 5 }),
  }
}

test('a connection that ends while the machine looks at its next packets is over for them', () => {
  const replaying = new Replaying()
  const path = '10.0.0.1:1000>10.0.0.2:80'
  const open = { bytes: tcp(path, 'S', { seq: 1 }), gap: 0 }
  const reset = { bytes: tcp(path, 'R', { seq: 2 }), gap: 0 }
  replaying.sayTogether([open], () => {})
  const told: number[][] = []
  replaying.sayTogether([reset, open, open], () => told.push([replaying.outcome.connectionNumber, replaying.live]))
  expect(told).toEqual([
    [1, 0],
    [2, 1],
    [2, 1],
  ])
})

test('packets of established connections do take it', () => {
  const rules =
    '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp --dport 80 -j ACCEPT\n-A FORWARD -p tcp --sport 80 -j ACCEPT\nCOMMIT\n'
  const replaying = new Replaying({ rules })
  const path = '10.0.0.1:1000>10.0.0.2:80'
  replaying.sayAll([
    tcp(path, 'S', { seq: 1 }),
    tcp('10.0.0.2:80>10.0.0.1:1000', 'SA', { seq: 10, ack: 2 }),
    tcp(path, 'A', { seq: 2, ack: 11 }),
  ])
  expect(replaying.say(tcp(path, 'A', { seq: 2, ack: 11, data: 5 }))).toBe(
    'ESTABLISHED FORWARD ACCEPT filter:FORWARD:rule:1',
  )
  const { ruleset4 } = replaying
  const rule = ruleset4?.rules.find(({ record }) => record === 'filter:FORWARD:rule:1')?.id ?? -1
  expect(ruleset4?.packets(rule)).toBe(2)
  replaying.machine.settle()
  expect(ruleset4?.packets(rule)).toBe(3)
})

test('openings and first answers take it after others that rules cannot tell apart from them', () => {
  const replaying = new Replaying({
    rules:
      '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp --dport 80:89 -j ACCEPT\n-A FORWARD -p tcp --sport 80 -j ACCEPT\nCOMMIT\n',
  })
  const ways = (port: number, service: number): boolean[] =>
    [
      tcp(`10.0.0.1:${port}>10.0.0.2:${service}`, 'S', { seq: 1 }),
      tcp(`10.0.0.2:${service}>10.0.0.1:${port}`, 'SA', { seq: 10, ack: 2 }),
    ].map((packet) => replaying.goesShort(packet))
  expect(ways(1000, 80)).toEqual([false, false])
  expect(ways(1001, 80)).toEqual([true, true])
  expect(replaying.live).toBe(2)
  expect(ways(1002, 81)).toEqual([true, false])
  expect(ways(1003, 90)).toEqual([false, false])
})

test('so do openings that are dropped, or refused', () => {
  const rules = table(
    'filter',
    '-A FORWARD -p tcp --dport 80 -j DROP',
    '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
  )
  const replaying = new Replaying({ rules })
  const short = (path: string): boolean => replaying.goesShort(tcp(path, 'S', { seq: 1 }))
  expect([short('10.0.0.1:1000>10.0.0.2:80'), short('10.0.0.1:1000>10.0.0.2:80')]).toEqual([false, true])
  expect(replaying.outcome).toMatchObject({ verdict: VERDICT_DROP, dropHook: HOOK_FORWARD, connectionNumber: 2 })
  expect([short('10.0.0.1:1000>10.0.0.2:81'), short('10.0.0.1:1001>10.0.0.2:81')]).toEqual([false, true])
  expect(replaying.outcome).toMatchObject({ verdict: VERDICT_REJECT, connectionNumber: 4 })
  expect(replaying.live).toBe(0)
})

test('a reset that a rule sends closes a connection each time', () => {
  const rules = table('filter', '-A FORWARD -p tcp --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset')
  const replaying = new Replaying({ rules })
  const { syn, answer, data } = opened('10.0.0.1:1000', '10.0.0.2:80')
  replaying.sayAll([syn, answer, data('A')])
  expect([replaying.goesShort(data('PA')), replaying.goesShort(data('PA'))]).toEqual([false, false])
})

test('packets in doubt, and all that rests on them, take it and name the frame that they rest on', () => {
  const replaying = new Replaying({ rules: table('filter', '-A FORWARD -i lan -j ACCEPT', '-A FORWARD -j DROP') })
  const { syn, answer, data } = opened('10.0.0.1:1000', '10.0.0.2:80')
  const other = opened('10.0.0.1:1001', '10.0.0.2:80')
  expect([syn, answer, data('A')].map((packet) => replaying.goesShort(packet))).toEqual([false, false, false])
  expect([other.syn, other.answer, other.data('A')].map((packet) => replaying.goesShort(packet))).toEqual([
    true,
    true,
    true,
  ])
  expect(replaying.outcome).toMatchObject({
    verdict: VERDICT_UNKNOWN,
    possibleVerdicts: (1 << VERDICT_ACCEPT) | (1 << VERDICT_DROP),
    unknownText: 'the incoming interface is not known; name it with --iface or --in-iface',
    assumesFrame: 4,
  })
})

test('packets of either family say which network is missing where some were given, by whatever way they go', () => {
  const rules = table('filter', '-A FORWARD -i lan -j ACCEPT', '-A FORWARD -j DROP')
  const interfaces = [{ name: 'lan', networks: ['192.168.0.0/16'] }]
  const replaying = new Replaying({ rules, rules6: rules, interfaces })
  const saidOf = (packet: Uint8Array) => {
    replaying.say(packet)
    return replaying.outcome.unknownText
  }
  const missing = 'its source address is behind none of the networks of --iface; add one, or '
  for (const port of [1000, 1001]) {
    expect(saidOf(opened(`10.0.0.1:${port}`, '10.0.0.2:80').syn)).toBe(`${missing}0.0.0.0/0`)
    expect(saidOf(opened(`[2001:db8::1]:${port}`, '[2001:db8::2]:80').syn)).toBe(`${missing}::/0`)
  }
})

test('flags that no rule can tell apart are no other way', () => {
  const rules = table(
    'filter',
    '-A FORWARD -p tcp --tcp-flags ALL FIN,PSH,URG -j DROP',
    '-A FORWARD -p tcp --tcp-flags SYN,FIN SYN,FIN -j DROP',
  )
  const replaying = new Replaying({ rules })
  const { syn, answer, data } = opened('10.0.0.1:1000', '10.0.0.2:80')
  replaying.sayAll([syn, answer, data('A')])
  expect([replaying.goesShort(data('PA')), replaying.goesShort(data('A'))]).toEqual([true, true])
  expect(replaying.goesShort(data('FPU'))).toBe(false)
})

test('a packet that the raw table drops leaves no way to the connection of the packet before', () => {
  const rules = table('raw', '-A PREROUTING -s 10.0.0.3 -j DROP')
  const replaying = new Replaying({ rules })
  const { syn, answer, data } = opened('10.0.0.1:1000', '10.0.0.2:80')
  const other = opened('10.0.0.1:1001', '10.0.0.3:80')
  replaying.sayAll([other.syn, syn, answer, data('A')])
  expect(replaying.say(other.answer)).toBe('DROP raw:PREROUTING:rule:1')
  expect(replaying.say(data('A'))).toContain('ESTABLISHED FORWARD ACCEPT')
})

test('after a raw table, they take it once it is known to leave them alone', () => {
  const rules = table('raw', '-A PREROUTING -p udp --dport 53 -j NOTRACK')
  const replaying = new Replaying({ rules })
  const short = (port: number, service: number): boolean =>
    replaying.goesShort(udp(`10.0.0.1:${port}>10.0.0.2:${service}`))
  expect([short(1000, 54), short(1001, 54), short(1002, 54)]).toEqual([false, false, true])
  expect([short(1000, 53), short(1001, 53), short(1002, 53)]).toEqual([false, false, false])
})

test('translated connections take it, and so do those that a nat table leaves as they are', () => {
  const rules = table('nat', '-A PREROUTING -d 10.0.0.2 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.9:8080')
  const replaying = new Replaying({ rules })
  const { syn, data } = opened('10.0.0.1:1000', '10.0.0.2:80')
  const answer = tcp('10.0.0.9:8080>10.0.0.1:1000', 'SA', { seq: 10, ack: 2 })
  expect([syn, answer, data('A'), data('A')].map((packet) => replaying.goesShort(packet))).toEqual([
    false,
    false,
    false,
    true,
  ])
  const plain = (port: number): boolean => replaying.goesShort(tcp(`10.0.0.1:${port}>10.0.0.3:22`, 'S', { seq: 1 }))
  expect([plain(1000), plain(1001)]).toEqual([false, true])
})

test('unless their answers would go to a connection that is translated', () => {
  const rules = table('nat', '-A PREROUTING -d 10.0.0.2 -p udp -j DNAT --to-destination 10.0.0.9')
  const replaying = new Replaying({ rules })
  replaying.sayAll([udp('10.0.0.7:1000>10.0.0.2:53'), udp('10.0.0.2:53>10.0.0.5:1000')])
  expect(replaying.goesShort(udp('10.0.0.2:53>10.0.0.6:1000'))).toBe(true)
  // From the address that 10.0.0.7 thinks it talks to.
  expect(replaying.goesShort(udp('10.0.0.2:53>10.0.0.7:1000'))).toBe(false)
  expect(replaying.answers).not.toBe('10.0.0.7:1000>10.0.0.2:53')
})

test.each([
  [
    'SNAT',
    '-A POSTROUTING -p udp -j SNAT --to-source 10.0.0.1',
    '10.0.0.3:1001>10.0.0.2:53',
    '10.0.0.2:53>10.0.0.1:1001',
  ],
  [
    'DNAT to a port',
    '-A PREROUTING -p udp -j DNAT --to-destination :53',
    '10.0.0.3:1001>10.0.0.2:54',
    '10.0.0.2:53>10.0.0.3:1001',
  ],
  [
    'DNAT',
    '-A PREROUTING -p udp -j DNAT --to-destination 10.0.0.2',
    '10.0.0.3:1001>10.0.0.4:53',
    '10.0.0.2:53>10.0.0.3:1001',
  ],
])('%s that leaves a connection as it is may change the next one', (_name, rule, opening, answer) => {
  const replaying = new Replaying({ rules: table('nat', rule) })
  replaying.sayAll([udp('10.0.0.1:1000>10.0.0.2:53'), udp(opening)])
  expect(replaying.say(udp(answer))).toBe('ESTABLISHED/reply FORWARD ACCEPT')
})

test('packets that PREROUTING drops have states of their own', () => {
  const replaying = new Replaying({ rules: table('mangle', '-A PREROUTING -s 10.0.0.1 -j DROP') })
  const [there, back] = [udp('10.0.0.1:1000>10.0.0.2:53'), udp('10.0.0.2:53>10.0.0.1:1000')]
  const states = [there, back, there, there, there].map((packet) => replaying.say(packet).split(' ')[0])
  expect(states).toEqual(['NEW', 'NEW', ...Array(3).fill('ESTABLISHED/reply')])
})
