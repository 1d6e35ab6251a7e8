import { describe, expect, test } from 'vitest'
import type { InterfaceOption } from '../../src/netfilter/interfaces.ts'
import { parseRuleset, parseTimeoutPolicies } from '../../src/ruleset/index.ts'
import { ether, udp } from '../support/packets.ts'
import { cooked } from './cooked.ts'
import { replayed } from './frames-reader.ts'
import { table } from './replaying.ts'
import { clients, served, times } from './served-clients.ts'

const rulesOf = (text: string, family: 'ipv4' | 'ipv6' = 'ipv4') => parseRuleset(text, 'rules', family)
const QUESTION = udp('10.0.0.1:4000>10.9.9.9:53')
const QUESTION_V6 = udp('[2001:db8::1]:4000>[2001:db8::9]:53')

/** Questions and answers as a machine that masquerades as 192.0.2.1 captures them on all its devices. */
const passedOn = (count: number) =>
  Array.from({ length: count }, (_, i) => [
    cooked(0, udp(`10.0.0.2:${4000 + i}>10.9.9.9:53`, { id: 70 + i, ttl: 64 })),
    cooked(4, udp(`192.0.2.1:${4000 + i}>10.9.9.9:53`, { id: 70 + i, ttl: 63 })),
    cooked(0, udp(`10.9.9.9:53>192.0.2.1:${4000 + i}`, { id: 90 + i, ttl: 60 })),
    cooked(4, udp(`10.9.9.9:53>10.0.0.2:${4000 + i}`, { id: 90 + i, ttl: 59 })),
  ]).flat()

describe('what was assumed is said, with the option that overrides it', () => {
  test.each([
    [
      'a router',
      clients(1),
      {},
      'The rules run on a router between the ends of the traffic: 1 frame is too few to tell (--mode host --local ADDR).',
    ],
    [
      'a router with many clients',
      times(30, (i) => udp(`10.0.0.${i}:4000>10.9.9.${i}:53`)),
      {},
      'The rules run on a router between the ends of the traffic: no single address is on nearly every frame (--mode host --local ADDR).',
    ],
    ['a host', served(30), {}, 'The rules run on the host 10.9.9.9: it is on nearly every frame (--mode, --local).'],
    [
      'a host whose mode was given',
      served(30),
      { mode: 'host' },
      'The rules run on the host 10.9.9.9: it is on nearly every frame (--mode, --local).',
    ],
    [
      'a host whose address was given',
      clients(1),
      { local: ['10.0.0.1'] },
      'The rules run on the host 10.0.0.1: --local names its addresses (--mode, --local).',
    ],
    [
      'one sum left to the card',
      [leftToCard(1)],
      { mode: 'router' },
      '1 frame has a checksum left for the network card to fill in; taken as good (--checksum verify).',
    ],
    [
      'sums left to the card',
      [leftToCard(1), leftToCard(2)],
      { mode: 'router' },
      '2 frames have a checksum left for the network card to fill in; taken as good (--checksum verify).',
    ],
    [
      'many sums left to the card',
      Array.from({ length: 1001 }, () => leftToCard(1)),
      { mode: 'router' },
      '1,001 frames have a checksum left for the network card to fill in; taken as good (--checksum verify).',
    ],
    [
      'sums that mean nothing',
      times(12, bad),
      { mode: 'router' },
      'Checksums mean nothing here, so none is held against a packet: 12 of the first 12 are wrong (--checksum verify).',
    ],
  ] as const)('%s', async (_, frames, options, sentence) => {
    expect((await replayed(frames, options)).summary.assumptions).toEqual([sentence])
  })

  test('nothing was assumed where everything was given', async () => {
    const { summary } = await replayed(clients(30), { mode: 'router', checksum: 'verify' })
    expect(summary.assumptions).toEqual([])
    expect((await replayed(clients(30), { mode: 'host', local: ['10.9.9.9'] })).summary.assumptions).toEqual([])
  })

  test.each([
    ['no frames', []],
    ['frames without a datagram', Array.from({ length: 20 }, () => ether(Uint8Array.of(1, 2, 3), { type: 0x88cc }))],
  ])('%s: nothing is said about the machine, and nothing about whose rules these are', async (_, frames) => {
    const rules = rulesOf('*filter\n-A INPUT -j ACCEPT\nCOMMIT\n')
    const { summary } = await replayed(
      frames.map((bytes) => ({ bytes, linkType: 1 })),
      { rules },
    )
    expect(summary.assumptions).toEqual([])
  })

  test('timeouts of connections whose policy nobody described', async () => {
    const rules = parseRuleset('*raw\n-A PREROUTING -p udp -j CT --timeout quick\nCOMMIT\n', 'rules', 'ipv4')
    const known = { mode: 'router', checksum: 'verify', rules } as const
    expect((await replayed(clients(1), known)).summary.assumptions).toEqual([
      'Connections that rules give the timeouts of quick live as long as all others: what these are is not known ' +
        '(--timeout-policies FILE).',
    ])
    const timeoutPolicies = parseTimeoutPolicies('add timeout quick inet udp unreplied 1', 'policies')
    expect((await replayed(clients(1), { ...known, timeoutPolicies })).summary.assumptions).toEqual([])
    await expect(replayed(clients(1), { ...known, timeoutPolicies: [] })).rejects.toThrow('no timeout policy "quick"')
  })

  test('-m policy asks what no capture shows', async () => {
    const rules = rulesOf('*filter\n-A FORWARD -m policy --dir in --pol ipsec -j ACCEPT\nCOMMIT\n')
    const given = { mode: 'router', checksum: 'verify', rules } as const
    expect((await replayed(clients(3), given)).summary.assumptions).toEqual([
      'No packet is taken as protected by IPsec, which a capture does not show; line 2 asks for it (-m policy, ' +
        '--assume policy=yes).',
    ])
    const assume = new Map([['policy', false]])
    expect((await replayed(clients(3), { ...given, assume })).summary.assumptions).toEqual([])
  })

  test.each([
    ['--kerneltz', true],
    ['--utc', false],
  ])('the time zone of the kernel: %s', async (zone, isSaid) => {
    const rules = rulesOf(`*filter\n-A FORWARD -m time --timestart 08:00 ${zone} -j DROP\nCOMMIT\n`)
    const { assumptions } = (await replayed(clients(1), { mode: 'router', checksum: 'verify', rules })).summary
    const said =
      "--kerneltz: the kernel's time zone is taken as UTC, as it is unless something has set it; line 2 asks for it."
    expect(assumptions).toEqual(isSaid ? [said] : [])
  })

  test('a host that cannot be told must be named', async () => {
    await expect(replayed(clients(1), { mode: 'host' })).rejects.toThrow(
      "--mode host: the host's own addresses cannot be inferred from the capture; name them with --local ADDR[,ADDR]",
    )
  })

  test.each([
    ['only INPUT has rules', '-A INPUT -j ACCEPT', {}, true],
    ['only OUTPUT has rules', '-A OUTPUT -j ACCEPT', {}, true],
    ['FORWARD has rules, too', '-A INPUT -j ACCEPT\n-A FORWARD -j ACCEPT', {}, false],
    ['there are none', '', {}, false],
    ['somebody said that it is a router', '-A INPUT -j ACCEPT', { mode: 'router' } as const, false],
  ])('rules of a host on what is taken for a router: %s', async (_, lines, options, isSaid) => {
    const rules = rulesOf(`*filter\n:FORWARD DROP\n${lines}\nCOMMIT\n`)
    const { assumptions } = (await replayed(clients(1), { rules, ...options })).summary
    const said = /^Yet they look like those of a host: .* If it was one, these are not its verdicts: name its addresses/
    expect(assumptions.some((sentence) => said.test(sentence))).toBe(isSaid)
  })

  test('--mode router does not take over addresses of a host', async () => {
    const { summary, said } = await replayed(served(30), { mode: 'router' })
    expect(summary.local).toEqual([])
    expect(said[0]).toBe('NEW FORWARD ACCEPT')
  })

  test('a capture on all devices of a router: a packet is judged as it came, not again as it left', async () => {
    const rules = rulesOf('*nat\n-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE\nCOMMIT\n')
    const { said, summary } = await replayed(passedOn(4), { rules })
    expect(said).toEqual(
      Array.from({ length: 4 }, () => [
        'NEW FORWARD ACCEPT',
        'copy',
        'ESTABLISHED/reply FORWARD ACCEPT',
        'copy',
      ]).flat(),
    )
    expect(summary.assumptions).toEqual([
      'The rules run on a router whose own addresses are 192.0.2.1: the capture shows packets as they came and as they ' +
        'left (--mode, --local).',
      '8 frames show their packets once more (8 on the way out); rules meet a packet once, so they are left out ' +
        '(--copies keep).',
    ])
  })

  test('where the machine is given, each frame is a packet of its own, and copies are mentioned', async () => {
    const { said, summary } = await replayed(passedOn(4), { mode: 'router' })
    expect(said).not.toContain('copy')
    expect(summary.assumptions).toEqual([
      '8 of the first 16 datagrams show packets once more, on the way out or on another device, as tcpdump -i any does; ' +
        'each counts as a packet of its own (--copies skip).',
    ])
  })

  test('copies on a machine that was called a host', async () => {
    const { summary } = await replayed(passedOn(4), { local: ['192.0.2.1'], copies: 'skip' })
    expect(summary.assumptions[1]).toMatch(
      / left out; the machine forwards, so --mode router may be right \(--copies keep\)\.$/,
    )
  })

  test('addresses of the router itself are inferred, and said, although the mode was given', async () => {
    const { summary } = await replayed(passedOn(4), { mode: 'router', copies: 'skip' })
    expect(summary.local).toEqual(['192.0.2.1'])
    expect(summary.assumptions[0]).toMatch(/^The rules run on a router whose own addresses are 192\.0\.2\.1: /)
  })

  test('--local with --mode router names addresses of the router', async () => {
    const { said } = await replayed([QUESTION], { mode: 'router', local: ['10.9.9.9'] })
    expect(said).toEqual(['NEW INPUT ACCEPT'])
  })

  test('what is inferred holds for the first frame already', async () => {
    expect((await replayed(served(30))).said[0]).toBe('NEW INPUT ACCEPT')
    expect((await replayed(times(12, bad), { mode: 'router' })).said[0]).toBe('NEW FORWARD ACCEPT')
  })
})

describe('warnings', () => {
  const warningsOf = async (...asked: Parameters<typeof replayed>) => (await replayed(...asked)).summary.warnings

  test.each([
    ['no IPv6 address', ['10.9.9.9'], [QUESTION, QUESTION_V6], 'IPv6'],
    ['no IPv4 address', ['2001:db8::9/64'], [QUESTION, QUESTION_V6], 'IPv4'],
    ['both', ['10.9.9.9', '2001:db8::9'], [QUESTION, QUESTION_V6], ''],
    ['no packet of the other family', ['10.9.9.9'], [QUESTION], ''],
  ])('--local names %s', async (_, local, frames, family) => {
    const said = `--local names no ${family} address, so that this host sees no ${family} packet but those for all.`
    expect(await warningsOf(frames, { local })).toEqual(family === '' ? [] : [said])
    expect(await warningsOf(frames, { local, mode: 'router' })).toEqual([])
  })

  test('MASQUERADE where several own addresses may be on the interface', async () => {
    const rules = parseRuleset('*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n', 'rules.v4', 'ipv4')
    const warned = async (...interfaces: InterfaceOption[]) =>
      warningsOf([QUESTION], { mode: 'router', local: ['203.0.113.30', '10.0.0.254'], rules, interfaces })
    const guessed =
      'Rules that translate to an address of the machine took 203.0.113.30, though 1 other own address may be on the same ' +
      'interface: give the one that the machine uses there first (--local), or the networks of all interfaces (--iface).'
    expect(await warned()).toEqual([guessed])
    expect(await warned({ name: 'wan', networks: ['0.0.0.0/0'] })).toEqual([guessed])
    const lan = { name: 'lan', networks: ['10.0.0.0/24'] }
    expect(await warned(lan, { name: 'wan', networks: ['0.0.0.0/0'] })).toEqual([])
  })

  test.each([
    ['on a packet', ['10.9.9.9/8'], null],
    ['on no packet', ['1.2.3.4/8'], 'No packet is from or to 1.2.3.4 (--local)'],
    ['two on none', ['1.2.3.4', '1.2.3.5'], 'No packet is from or to 1.2.3.4, 1.2.3.5 (--local)'],
    ['one of two', ['1.2.3.4', '10.0.0.1'], null],
    ['of the loopback device', ['127.0.0.1'], null],
    ['which only its broadcasts reach', ['10.0.0.7/24'], 'No packet is from or to 10.0.0.7 (--local)'],
  ])('an address of --local that is %s', async (_, local, said) => {
    const frames = [QUESTION, udp('10.0.0.1:138>10.0.0.255:138'), udp('10.0.0.1:5353>224.0.0.251:5353')]
    const end = ', so that this host sees no IPv4 packet but those for all.'
    expect(await warningsOf(frames, { local })).toEqual(said === null ? [] : [`${said}${end}`])
    expect(await warningsOf(frames, { local, mode: 'router' })).toEqual([])
  })

  test('an IPv6 address of --local that is on no packet, beside an IPv4 address that is on one', async () => {
    expect(await warningsOf([QUESTION, QUESTION_V6], { local: ['10.9.9.9', '2001:db8::7/64'] })).toEqual([
      'No packet is from or to 2001:db8::7 (--local), so that this host sees no IPv6 packet but those for all.',
    ])
  })

  test('time that runs backwards', async () => {
    const at = (...seconds: number[]) => seconds.map((time) => ({ bytes: QUESTION, time }))
    const steady = (count: number) => Array.from({ length: count }, (_, i) => i)
    expect(await warningsOf(at(...steady(100), 1))).toEqual([
      '1 frame is older than a frame before; the clock stood still for it (reordercap sorts a capture).',
    ])
    expect(await warningsOf(at(...steady(200), 1, 2))).toEqual([
      '2 frames are older than a frame before; the clock stood still for them (reordercap sorts a capture).',
    ])
    expect(await warningsOf(at(...steady(197), 1, 2))).toEqual([
      '2 of 199 frames are out of order, which can make states and verdicts wrong: sort the file first (reordercap FILE SORTED).',
    ])
    expect(await warningsOf(at(5, 4))).toEqual([
      '1 of 2 frames is out of order, which can make states and verdicts wrong: sort the file first (reordercap FILE SORTED).',
    ])
    expect(await warningsOf(at(5, 5, 6))).toEqual([])
  })

  test('a full table that pushed connections out is told of, with the sysctl that helps', async () => {
    const { summary } = await replayed(clients(5), { sysctls: new Map([['nf_conntrack_max', '2']]) })
    expect(summary.warnings).toHaveLength(1)
    expect(summary.warnings[0]).toMatch(
      /^The connection table was full .* 3 connections .* 0 packets .*--sysctl nf_conntrack_max=N/,
    )
    expect(summary.table).toEqual({ created: 5, peak: 2, atEnd: 2, max: 2, evicted: 3, fullDrops: 0 })
  })

  test('options that make no sense are refused by name', async () => {
    await expect(replayed([], { sysctls: new Map([['nf_conntrack_mix', '1']]) })).rejects.toThrow(
      /--sysctl nf_conntrack_mix/,
    )
  })

  test('what --assume names and no rule has', async () => {
    const rules = rulesOf(table('filter', '-A FORWARD -m cpu --cpu 0 -j DROP', '-A FORWARD -i wan -j NFQUEUE'))
    const given = (...names: string[]) =>
      warningsOf(clients(3), { rules, assume: new Map(names.map((name) => [name, true])) })
    expect(await given('cpu', 'in-interface', 'NFQUEUE')).toEqual([])
    expect(await given('cpu', 'mac')).toEqual(['--assume mac settles nothing: no rule has it.'])
  })
})

test('an empty capture is replayed, too', async () => {
  const { summary, said } = await replayed([])
  expect(said).toEqual([])
  expect(summary).toMatchObject({ frames: 0, mode: 'router' })
})

test('a replay that is stopped still ends its sinks', async () => {
  const { summary } = await replayed(clients(50), { mode: 'router', checksum: 'verify', stop: () => true }, [10])
  expect(summary.frames).toBe(0)
})

function bad(i: number): Uint8Array {
  return udp(`10.0.0.${i}:4000>10.9.9.9:53`, { checksum: 'bad' })
}

/** A checksum field that holds only the sum of the pseudo header. */
function leftToCard(client: number): Uint8Array {
  const packet = udp(`10.0.0.${client}:4000>10.9.9.9:53`)
  let sum = 17 + packet.length - 20
  for (let i = 12; i < 20; i += 2) sum += (packet[i] << 8) | packet[i + 1]
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  packet.set([sum >> 8, sum & 255], 26)
  return packet
}
