import { describe, expect, test } from 'vitest'
import { tcp, udp } from '../support/packets.ts'
import { noIptables, printedByIptables, printedByUs } from './iptables-tools.ts'
import { noKernel, REAL_TIME, replayBoth } from './replay-both.ts'
import { compile, decide, filter, packetOf } from './support.ts'

const named = (rule: string): string => `-m hashlimit ${rule} --hashlimit-name a`

describe.skipIf(noIptables)(`hashlimit, as iptables prints it ${noIptables}`, () => {
  test.each([
    '--hashlimit-upto 10/sec',
    '--hashlimit-above 10/min --hashlimit-burst 7 --hashlimit-mode dstport,srcip --hashlimit-srcmask 24',
    '--hashlimit 1/s --hashlimit-mode dstip',
    '! --hashlimit-upto 3/hour',
    '! --hashlimit-above 3/day',
    '--hashlimit-upto 512kb/s',
    '--hashlimit-above 512kb/s --hashlimit-burst 1mb',
    '--hashlimit-above 1000b/s --hashlimit-burst 10000',
    '--hashlimit-above 1000b/s --hashlimit-burst 100',
    '--hashlimit-above 1000000/s',
    '--hashlimit-above 2000000/s',
    '--hashlimit-upto 10/s --hashlimit-htable-size 10 --hashlimit-htable-max 5 --hashlimit-htable-expire 2000 --hashlimit-htable-gcinterval 500 --hashlimit-dstmask 16',
    '--hashlimit-upto 10/s --hashlimit-htable-gcinterval 0',
    '--hashlimit-upto 10/s --hashlimit-htable-expire 0',
    '--hashlimit-upto 10/s --hashlimit-htable-size 2000000',
    '--hashlimit-upto 10/s --hashlimit-rate-match',
    '--hashlimit-above 600/min --hashlimit-rate-match',
    '--hashlimit-above 100/min --hashlimit-rate-match --hashlimit-rate-interval 5',
    '--hashlimit-above 100kb/s --hashlimit-rate-match --hashlimit-rate-interval 5',
    '--hashlimit-above 100/s --hashlimit-rate-interval 5',
    '',
    '--hashlimit-upto 10/s --hashlimit-above 3/s',
    '--hashlimit-upto 10',
    '--hashlimit-upto 10/',
    '--hashlimit-upto 0/s',
    '--hashlimit-upto 10/foo',
    '--hashlimit-upto 10/s --hashlimit-mode srcip|dstip',
    '--hashlimit-upto 10/s --hashlimit-mode src',
    '--hashlimit-upto 10/s --hashlimit-burst 0',
    '--hashlimit-upto 10/s --hashlimit-burst 1000001',
    '--hashlimit-upto 10/s --hashlimit-burst 1000000',
    '--hashlimit-upto 1/day --hashlimit-burst 1000000',
    '--hashlimit-upto 10/s --hashlimit-srcmask 33',
    '--hashlimit-upto 7/min',
    '--hashlimit-upto 1b/s',
    '--hashlimit-upto 5mb/sec --hashlimit-burst 12mb',
    '--hashlimit-upto 512kb/s --hashlimit-burst 600k',
    '--hashlimit-upto 512kb/s --hashlimit-burst 4000mb',
    '--hashlimit-upto 5/s --hashlimit-burst 2k',
    ...['1000001b', '5000kb', '20000000000x'].map((burst) => `--hashlimit-upto 5/s --hashlimit-burst ${burst}`),
    ...['1000000b', '3000000b', '3000000x', '3000000bb', '3000000', '1000001', '5000mb', '5000000kb'].map(
      (burst) => `--hashlimit-above 2000000b/s --hashlimit-burst ${burst}`,
    ),
    ...['4294967295b', '4294967296b', '99999999999b', '18446744073709551615b', '18446744073709551616b', '4096mb'].map(
      (burst) => `--hashlimit-above 2000b/s --hashlimit-burst ${burst}`,
    ),
    '--hashlimit-above 100mb/s --hashlimit-burst 5000mb',
    '--hashlimit-upto 1500/min',
    '--hashlimit-upto 300000/sec',
  ])('%s', (rule) => {
    const text = named(rule)
    expect(printedByUs(text, 'ipv4', 'filter', 'FORWARD')).toBe(printedByIptables(text, 'ipv4', 'filter', 'FORWARD'))
  })

  test('IPv6', () => {
    const rule = named('--hashlimit-upto 10/s --hashlimit-mode srcip --hashlimit-srcmask 64')
    expect(printedByUs(rule, 'ipv6', 'filter', 'FORWARD')).toBe(printedByIptables(rule, 'ipv6', 'filter', 'FORWARD'))
  })
})

describe('groups of packets', () => {
  test('each has its own rate, and a burst comes back as the group expires', () => {
    const rules = compile(
      filter(`-A FORWARD ${named('--hashlimit-upto 1/min --hashlimit-burst 2 --hashlimit-mode srcip')} -j ACCEPT`),
    )
    const from = (host: number, seconds: number): string =>
      decide(rules, packetOf(udp(`192.0.2.${host}:1>198.51.100.2:53`), { nowNs: seconds * 1e9 })).split(' ')[0]
    expect([from(1, 0), from(1, 1), from(1, 2), from(2, 3), from(1, 59)]).toEqual([
      ...['ACCEPT', 'ACCEPT', 'DROP', 'ACCEPT', 'DROP'],
    ])
    expect([from(1, 60), from(1, 61), from(1, 122), from(1, 123), from(1, 124)]).toEqual([
      ...['ACCEPT', 'DROP', 'ACCEPT', 'ACCEPT', 'DROP'],
    ])
  })

  test('a full table drops what would need another group', () => {
    const options = '--hashlimit-upto 1/min --hashlimit-mode srcip --hashlimit-htable-size 1 --hashlimit-htable-max 2'
    const rules = compile(filter(`-A FORWARD ${named(options)} -j ACCEPT`, '-A FORWARD -j ACCEPT'))
    const from = (host: number): string => decide(rules, packetOf(udp(`192.0.2.${host}:1>198.51.100.2:53`)))
    expect([1, 2, 3, 1].map((host) => from(host).split(' ')[0])).toEqual(['ACCEPT', 'ACCEPT', 'DROP', 'ACCEPT'])
  })

  test('a packet that may not have been here leaves its group in doubt', () => {
    const rules = compile(
      filter(
        `-A FORWARD -p tcp -m physdev --physdev-is-bridged ${named('--hashlimit-upto 1/min --hashlimit-mode srcip')}`,
        `-A FORWARD ${named('--hashlimit-upto 1/min --hashlimit-mode srcip')} -j ACCEPT`,
      ),
    )
    decide(rules, packetOf(tcp('192.0.2.1:1000>198.51.100.2:80', 'S')))
    expect(decide(rules, packetOf(udp('192.0.2.1:1>198.51.100.2:53')))).toMatch(/^UNKNOWN/)
    expect(decide(rules, packetOf(udp('192.0.2.2:1>198.51.100.2:53')))).toMatch(/^ACCEPT/)
  })

  test('with more groups in doubt than there is room for, all new ones are, until those have expired', () => {
    const options = '--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-htable-size 1'
    const rule = named(`${options} --hashlimit-htable-max 2 --hashlimit-htable-expire 2000`)
    const rules = compile(
      filter(
        `-A FORWARD -p tcp -m physdev --physdev-is-bridged ${rule}`,
        `-A FORWARD -p udp ${rule} -j ACCEPT`,
        '-A FORWARD -p udp -j REJECT',
      ),
    )
    const perhaps = (host: number, seconds: number) =>
      decide(rules, packetOf(tcp(`192.0.2.${host}:1>198.51.100.2:80`, 'S'), { nowNs: seconds * 1e9 }))
    const ask = (host: number, seconds: number) =>
      decide(rules, packetOf(udp(`192.0.2.${host}:1>198.51.100.2:53`), { nowNs: seconds * 1e9 })).split(' ')[0]
    expect(ask(1, 0)).toBe('ACCEPT')
    for (const host of [2, 3, 4]) perhaps(host, 0)
    expect([1, 2, 3, 4, 5].map((host) => ask(host, 0.5))).toEqual(['REJECT', ...new Array(4).fill('UNKNOWN')])
    expect([3, 3, 4, 5].map((host) => ask(host, 5))).toEqual(['ACCEPT', 'REJECT', 'ACCEPT', 'DROP'])
  })
})

describe.skipIf(noKernel)(`hashlimit, held against the kernel ${noKernel}`, () => {
  test('packets, bytes, bursts, windows, ports, masks, a shared name, a full table', REAL_TIME, async () => {
    const rule = (port: number, text: string): string =>
      `-A FORWARD -p udp --dport ${port} -m hashlimit ${text} -j ACCEPT`
    const rules = [
      '*filter',
      rule(1, '--hashlimit-upto 1/s --hashlimit-burst 3 --hashlimit-mode srcip --hashlimit-name n1'),
      rule(2, '--hashlimit-above 1/s --hashlimit-burst 2 --hashlimit-mode srcip,srcport --hashlimit-name n2'),
      rule(3, '--hashlimit-upto 4kb/s --hashlimit-name n3 --hashlimit-mode dstip'),
      rule(4, '--hashlimit-upto 1kb/s --hashlimit-burst 3kb --hashlimit-name n4'),
      rule(
        5,
        '--hashlimit-upto 2/s --hashlimit-rate-match --hashlimit-name n5 --hashlimit-mode srcip --hashlimit-burst 1',
      ),
      rule(6, '--hashlimit-upto 1/s --hashlimit-burst 3 --hashlimit-mode dstport --hashlimit-name n1'),
      rule(
        7,
        '--hashlimit-upto 1/s --hashlimit-mode srcip --hashlimit-srcmask 30 --hashlimit-name n7 --hashlimit-burst 2',
      ),
      rule(8, '--hashlimit-above 1kb/s --hashlimit-rate-match --hashlimit-name n8 --hashlimit-mode srcip'),
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    // Bursts that lie far enough apart from what the rates allow, whatever the kernel's own clock adds.
    const packets = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((port) =>
      [1, 2, 3].map((host) => {
        const data = port === 3 ? 1100 : port === 4 || port === 8 ? 300 : 8
        return udp(`192.0.2.${host}:5>198.51.100.2:${port}`, { data })
      }),
    )
    const frames = [0, 0.01, 0.02, 0.03, 0.5, 1.3, 1.31, 2.6].flatMap((time) =>
      packets.map((bytes, index) => ({ bytes, time: time + index * 0.0002 })),
    )
    const { kernel, ours } = await replayBoth({ rules }, frames)
    expect(ours).toEqual(kernel)
  })

  // The first rule makes the table, but each rule pays in its own unit.
  test.each([
    ['packets', '--hashlimit-upto 1/hour --hashlimit-burst 4', '--hashlimit-upto 100b/s --hashlimit-burst 200b'],
    ['bytes', '--hashlimit-upto 100b/s --hashlimit-burst 1kb', '--hashlimit-upto 1/hour --hashlimit-burst 4'],
  ])('a table of %s that a rule of the other unit shares', REAL_TIME, async (_, first, second) => {
    const mode = '--hashlimit-mode srcip --hashlimit-name shared'
    const rules = [
      '*filter',
      `-A FORWARD -m hashlimit ${first} ${mode} -m mark --mark 5`,
      `-A FORWARD -m hashlimit ${second} ${mode} -j ACCEPT`,
      '-A FORWARD -j DROP',
      'COMMIT',
      '',
    ].join('\n')
    const frames = Array.from({ length: 40 }, (_, n) => udp(`10.0.0.${n % 3}:1000>10.1.0.1:53`, { data: n * 9 }))
    const { kernel, ours } = await replayBoth({ rules }, frames)
    expect(ours).toEqual(kernel)
  })
})
