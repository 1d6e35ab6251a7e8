import { describe, expect, test, vi } from 'vitest'
import { IPS_ASSURED } from '../../src/conntrack/status.ts'
import { tcp, udp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { noKernel, REAL_TIME, replayBoth } from './replay-both.ts'
import { compile, decide, FakeConnections, filter, matches, packetOf } from './support.ts'

describe.skipIf(noIptables)(`matches of connections, as iptables prints them ${noIptables}`, () => {
  test.each([
    '-m connlimit --connlimit-above 3',
    '-m connlimit ! --connlimit-above 3',
    '-m connlimit --connlimit-upto 3 --connlimit-mask 24 --connlimit-daddr',
    '-m connlimit ! --connlimit-upto 3 --connlimit-saddr',
    '-m connlimit --connlimit-above 3 --connlimit-saddr --connlimit-daddr',
    '-m connlimit --connlimit-above 3 --connlimit-upto 3',
    '-m connlimit --connlimit-above 4294967296',
    '-m connlimit',
    '-m connbytes --connbytes 100 --connbytes-dir both --connbytes-mode bytes',
    '-m connbytes --connbytes 100:200 --connbytes-dir original --connbytes-mode packets',
    '-m connbytes ! --connbytes 100:200 --connbytes-dir reply --connbytes-mode avgpkt',
    '-m connbytes --connbytes :200 --connbytes-dir reply --connbytes-mode avgpkt',
    '-m connbytes --connbytes 200:100 --connbytes-dir reply --connbytes-mode avgpkt',
    '-m connbytes --connbytes 100: --connbytes-dir reply --connbytes-mode avgpkt',
    '-m connbytes ! --connbytes 100 --connbytes-dir reply --connbytes-mode avgpkt',
    '-m connbytes --connbytes 100',
    '-m connbytes --connbytes 100:18446744073709551615 --connbytes-dir both --connbytes-mode bytes',
    '-m connlabel --label 5',
    '-m connlabel ! --label 127 --set',
    '-m connlabel --label 128',
    '-m connlabel --label eth0-in',
    '-m helper --helper ftp',
    '-m helper ! --helper ftp-2121',
    '-m helper --helper ""',
    '-m helper --helper "a b"',
    '-m helper --helper aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ])('%s', (rule) => {
    expect(printedByUs(rule, 'ipv4', 'filter', 'FORWARD')).toBe(printedByIptables(rule, 'ipv4', 'filter', 'FORWARD'))
  })

  test('IPv6', () => {
    const rule = '-m connlimit --connlimit-above 3 --connlimit-mask 64'
    expect(printedByUs(rule, 'ipv6', 'filter', 'FORWARD')).toBe(printedByIptables(rule, 'ipv6', 'filter', 'FORWARD'))
  })
})

const syn = (port: number, host = 1): Uint8Array => tcp(`192.0.2.${host}:${port}>198.51.100.2:80`, 'S')

describe('what connections have', () => {
  test('a limit counts each once, and forgets those that are closed or gone', () => {
    const connections = new FakeConnections()
    connections.remaining = 1
    const rules = compile(filter('-A FORWARD -m connlimit --connlimit-upto 2 -j ACCEPT'))
    const ask = (connection: number): string =>
      decide(rules, packetOf(syn(connection), { connection, connections })).slice(0, 1)
    expect([1, 2, 1, 3].map(ask).join('')).toBe('AAAD')
    connections.close(1)
    connections.close(2)
    expect([4, 5].map(ask).join('')).toBe('AD')
    connections.remaining = 0
    expect(ask(6)).toBe('A')
  })

  test.each([
    ['ends: what it did not come to still counts', [200], 86],
    ['does not find the connection itself, which then counts twice', [200, 200], 22],
    ['leaves less for the next', [200, 200, 201], 3],
  ])('a search that has thrown out 65 of 150 %s', (_, later, count) => {
    const isAtMost = (limit: number): boolean => {
      const connections = new FakeConnections()
      connections.remaining = 1
      const rules = compile(filter(`-A FORWARD -m connlimit --connlimit-upto ${limit} -j ACCEPT`))
      const ask = (connection: number): string => decide(rules, packetOf(syn(connection), { connection, connections }))
      for (let connection = 1; connection <= 150; connection++) ask(connection)
      for (let connection = 1; connection <= 150; connection++) connections.close(connection)
      return later.map(ask).at(-1)?.startsWith('ACCEPT') ?? false
    }
    expect([isAtMost(count - 1), isAtMost(count)]).toEqual([false, true])
  })

  test('a limit looks only at those of many connections to which something has happened', () => {
    const connections = new FakeConnections()
    connections.remaining = 1
    const rules = compile(filter('-A FORWARD -m connlimit --connlimit-upto 4000 -j ACCEPT'))
    const ask = (connection: number): string => decide(rules, packetOf(syn(connection), { connection, connections }))
    for (let connection = 1; connection <= 4000; connection++) ask(connection)
    const looks = vi.spyOn(connections, 'number')
    expect(ask(4001)).toMatch(/^DROP/)
    connections.close(1)
    connections.close(3000)
    expect(ask(4002)).toMatch(/^ACCEPT/)
    expect(looks.mock.calls.length).toBeLessThan(2000)
  })

  test('a limit looks only at packets that the rest of its rule lets come to it', () => {
    const connections = new FakeConnections()
    connections.remaining = 1
    const rules = compile(filter('-A FORWARD -p tcp --syn -m connlimit --connlimit-upto 1 -j ACCEPT'))
    const ask = (bytes: Uint8Array, connection: number): string =>
      decide(rules, packetOf(bytes, { connection, connections })).slice(0, 1)
    expect([ask(syn(1), 1), ask(syn(2), 2)].join('')).toBe('AD')
    connections.close(2)
    // Were the closed one thrown out here, the first would be alone.
    ask(udp('192.0.2.1:3>198.51.100.2:80'), 3)
    ask(tcp('192.0.2.1:3>198.51.100.2:80', 'A'), 4)
    expect(ask(syn(1), 1)).toBe('D')
  })

  test('a limit drops what comes to a group whose last connection has closed', () => {
    const connections = new FakeConnections()
    connections.remaining = 1
    const rules = compile(filter('-A FORWARD -m connlimit --connlimit-above 5 -j REJECT', '-A FORWARD -j ACCEPT'))
    const ask = (connection: number): string => decide(rules, packetOf(syn(connection), { connection, connections }))
    expect(ask(1)).toMatch(/^ACCEPT/)
    connections.bits = IPS_ASSURED
    expect(ask(1)).toMatch(/^ACCEPT/)
    connections.close(1)
    expect(ask(1)).toMatch(/^DROP/)
    connections.bits = 0
    expect(ask(2)).toMatch(/^ACCEPT/)
    connections.bits = IPS_ASSURED
    expect(ask(1)).toMatch(/^ACCEPT/)
  })

  test('a connection that may never have come here leaves the limit in doubt only where it matters', () => {
    const connections = new FakeConnections()
    connections.remaining = 1
    const rules = compile(
      filter(
        '-A FORWARD -p udp -m physdev --physdev-is-bridged -m connlimit --connlimit-upto 1 -j ACCEPT',
        '-A FORWARD -p udp -j DROP',
        '-A FORWARD -m connlimit --connlimit-upto 1 -j ACCEPT',
      ),
    )
    const from = (bytes: Uint8Array, connection: number): string =>
      decide(rules, packetOf(bytes, { connection, connections })).slice(0, 1)
    expect(from(udp('192.0.2.1:1>198.51.100.2:53'), 1)).toBe('U')
    expect([from(syn(1), 2), from(syn(2), 3)].join('')).toBe('AD')
  })

  test('bytes and packets; without a connection neither holds', () => {
    const connections = Object.assign(new FakeConnections(), { counters: [10, 1000, 5, 200] })
    const holds = (options: string, connection = 1): string =>
      matches(`-m connbytes ${options}`, packetOf(syn(1), { connection, connections }))
    expect(holds('--connbytes 15 --connbytes-dir both --connbytes-mode packets')).toBe('yes')
    expect(holds('--connbytes 16 --connbytes-dir both --connbytes-mode packets')).toBe('no')
    expect(holds('! --connbytes 100:200 --connbytes-dir reply --connbytes-mode bytes')).toBe('no')
    expect(holds('--connbytes 80:80 --connbytes-dir both --connbytes-mode avgpkt')).toBe('yes')
    expect(holds('--connbytes 0 --connbytes-dir both --connbytes-mode bytes', -1)).toBe('no')
    expect(holds('! --connbytes 0 --connbytes-dir both --connbytes-mode bytes', -1)).toBe('no')
  })

  test('a label stays with the connection once a rule has set it', () => {
    const rules = compile(
      filter('-A FORWARD -p udp -m connlabel --label 40 --set', '-A FORWARD -m connlabel --label 40 -j ACCEPT'),
    )
    const connections = new FakeConnections()
    const ask = (bytes: Uint8Array): string => decide(rules, packetOf(bytes, { connection: 1, connections }))
    expect(ask(syn(1))).toMatch(/^DROP/)
    expect(ask(udp('192.0.2.1:1>198.51.100.2:53'))).toMatch(/^ACCEPT/)
    expect(ask(syn(1))).toMatch(/^ACCEPT/)
  })

  test('the helper of the connection that announced this one', () => {
    const connections = Object.assign(new FakeConnections(), { announcer: 'ftp' })
    const packet = packetOf(syn(1), { connection: 1, connections })
    expect(matches('-m helper --helper ftp', packet)).toBe('yes')
    expect(matches('-m helper --helper ftp-2121', packet)).toBe('yes')
    expect(matches('-m helper --helper irc', packet)).toBe('no')
    expect(matches('-m helper ! --helper ftp', packetOf(syn(1)))).toBe('yes')
  })
})

describe.skipIf(noKernel)(`connections, held against the kernel ${noKernel}`, () => {
  test('connlimit, with connections that close', REAL_TIME, async () => {
    const rules = [
      '*filter',
      '-A FORWARD -p tcp --dport 22 --syn -m connlimit --connlimit-above 2 --connlimit-mask 30 -j DROP',
      '-A FORWARD -p udp -m connlimit --connlimit-upto 2 --connlimit-daddr -j ACCEPT',
      '-A FORWARD -p udp -j DROP',
      '-A FORWARD -j ACCEPT',
      'COMMIT',
      '',
    ].join('\n')
    const to22 = (port: number, host = 1): Uint8Array => tcp(`192.0.2.${host}:${port}>198.51.100.2:22`, 'S')
    const reset = (port: number): Uint8Array => tcp(`198.51.100.2:22>192.0.2.1:${port}`, 'RA', { seq: 0, ack: 1 })
    const query = (port: number, host: number): Uint8Array => udp(`192.0.2.1:${port}>198.51.100.${host}:53`)
    const packets = [
      ...[to22(1), to22(2), to22(3), to22(4, 2), to22(5, 5), reset(1), to22(6), to22(7)],
      ...[query(1, 1), query(2, 1), query(3, 1), query(1, 1), query(3, 1), query(3, 2)],
    ]
    const frames = packets.map((bytes, index) => ({ bytes, time: index * 0.02 }))
    const { kernel, ours } = await replayBoth({ rules }, frames)
    expect(ours).toEqual(kernel)
  })

  test('connbytes and connlabel', async () => {
    const rules = [
      '*filter',
      '-A FORWARD -p udp --sport 9 -m connlabel --label 70 --set',
      '-A FORWARD -m connlabel --label 70 -m connbytes --connbytes 2:3 --connbytes-dir both --connbytes-mode packets -j ACCEPT',
      '-A FORWARD -m connbytes --connbytes 90 --connbytes-dir reply --connbytes-mode bytes -j ACCEPT',
      '-A FORWARD -m connbytes ! --connbytes 0:40 --connbytes-dir both --connbytes-mode avgpkt -j ACCEPT',
      '-A FORWARD -m connbytes --connbytes 2 --connbytes-dir original --connbytes-mode packets -j ACCEPT',
      'COMMIT',
      '',
    ].join('\n')
    const there = (port: number, data: number): Uint8Array => udp(`192.0.2.1:${port}>198.51.100.2:53`, { data })
    const back = (port: number, data: number): Uint8Array => udp(`198.51.100.2:53>192.0.2.1:${port}`, { data })
    const handshake = [
      tcp('192.0.2.1:8>198.51.100.2:80', 'S', { seq: 100 }),
      tcp('198.51.100.2:80>192.0.2.1:8', 'SA', { seq: 300, ack: 101 }),
      tcp('192.0.2.1:8>198.51.100.2:80', 'A', { seq: 101, ack: 301 }),
      tcp('192.0.2.1:8>198.51.100.2:80', 'A', { seq: 901_001, ack: 301 }),
      tcp('192.0.2.1:8>198.51.100.2:80', 'PA', { seq: 101, ack: 301, data: 100 }),
    ]
    const packets = [
      ...[there(9, 10), back(9, 10), there(9, 10), there(9, 10), back(9, 60)],
      ...[there(7, 1), there(7, 1), back(7, 1), there(7, 1), back(7, 60), there(7, 100), ...handshake],
    ]
    const { kernel, ours } = await replayBoth({ rules }, packets, [])
    expect(ours).toEqual(kernel)
  })
})
