import { describe, expect, it } from 'vitest'
import type { CaptureProblem } from '../../../src/capture/frame-reader.ts'
import { openSource } from '../../../src/capture/open-capture.ts'
import { parseHelperOption } from '../../../src/conntrack/helpers/ports-option.ts'
import type { HelperPort } from '../../../src/conntrack/helpers/registry.ts'
import type { Outcome } from '../../../src/netfilter/outcome.ts'
import { replay } from '../../../src/netfilter/replay.ts'
import { parseRuleset } from '../../../src/ruleset/index.ts'
import { PiecewiseSource } from '../../support/captures.ts'
import { datagram, tcp, udp } from '../../support/packets.ts'
import { type CaptureFrame, pcap } from '../../support/pcap.ts'
import { PPTP_PROBES } from './probes/pptp.ts'
import { Talk } from './talk.ts'

const A = '10.0.0.1'
const B = '10.9.9.9'
const FTP = new Talk(`${A}:1000>${B}:21`)
  .server('220 ready\r\n')
  .client('USER anonymous\r\n')
  .server('230 welcome\r\n')
  .client('PORT 10,0,0,1,7,208\r\n').packets
const DATA = tcp(`${B}:20>${A}:2000`, 'S')

async function replayed(
  packets: readonly (Uint8Array | CaptureFrame)[],
  options: { helperPorts?: readonly HelperPort[]; rules?: string } = {},
) {
  const problems: CaptureProblem[] = []
  const reader = await openSource('capture', 0, new PiecewiseSource(pcap(packets), [65_536]), problems, {
    reader: 'native',
  })
  const hints: (string | null)[] = []
  const summary = await replay(
    reader,
    {
      mode: 'router',
      local: [],
      interfaces: [],
      sysctls: new Map(),
      checksum: 'verify',
      assume: new Map(),
      helperPorts: options.helperPorts ?? [],
      rules: options.rules === undefined ? undefined : parseRuleset(options.rules, 'rules', 'ipv4'),
    },
    [{ packet: (outcome: Outcome) => void hints.push(outcome.hintHelper) }],
  )
  const warnings = summary.warnings.filter((one) => !one.startsWith('No IPv6 rules'))
  return { hints, warnings }
}

describe('connections that a helper would have made RELATED', () => {
  it('are told of, once, where no helper was attached', async () => {
    const { hints, warnings } = await replayed([...FTP, DATA, tcp(`${B}:20>${A}:2001`, 'S')])
    expect(hints.slice(-3)).toEqual([null, 'ftp', null])
    expect(warnings).toEqual([
      '1 connection would have been RELATED with the ftp helper: --helper auto, or -j CT --helper ftp in the raw table.',
    ])
  })

  it('are told of as often as they are tried, and counted once, where rules drop them', async () => {
    const rules =
      '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp --dport 21 -j ACCEPT\n-A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT\nCOMMIT\n'
    const { hints, warnings } = await replayed([...FTP, DATA, DATA], { rules })
    expect(hints.slice(-2)).toEqual(['ftp', 'ftp'])
    expect(warnings[0]).toMatch(/^1 connection would have been RELATED with the ftp helper/)
  })

  it('are not told of where the helper is attached', async () => {
    const { hints, warnings } = await replayed([...FTP, DATA], { helperPorts: parseHelperOption('auto') })
    expect(hints.every((hint) => hint === null)).toBe(true)
    expect(warnings).toEqual([])
  })

  it('are told of for each side of a PPTP tunnel', async () => {
    const probe = PPTP_PROBES.find(({ name }) => name === 'pptp: call, the client sends first')
    const { warnings } = await replayed(probe?.packets ?? [])
    expect(warnings[0]).toMatch(/^2 connections would have been RELATED with the pptp helper/)
  })

  it('stay as they are: the onlooker drops nothing and sets no timeout', async () => {
    const cut = new Talk(`${A}:1000>${B}:21`).server('220 x\r\n').client('NOOP\r\n').client('PORT').packets
    const { hints } = await replayed([...cut, datagram(`${A}>${B}`, 47, new Uint8Array(8))])
    expect(hints.every((hint) => hint === null)).toBe(true)
  })
})

describe('a helper that cannot see', () => {
  it('says how many packets the capture cut', async () => {
    const packets = FTP.map((bytes) => ({ bytes: bytes.slice(0, 44), wireLength: bytes.length }))
    const { warnings } = await replayed(packets, { helperPorts: parseHelperOption('auto') })
    expect(warnings).toEqual([
      'The capture cut 4 packets that a helper would have read (snap length): connections announced there are NEW here, and ' +
        'may have been RELATED.',
    ])
  })

  it('needs no more than the first bytes of TFTP', async () => {
    const request = udp(`${A}:1000>${B}:69`, { data: Uint8Array.of(0, 1, 65, 0, 65, 0) })
    const { warnings } = await replayed([{ bytes: request.slice(0, 30), wireLength: request.length }], {
      helperPorts: parseHelperOption('auto'),
    })
    expect(warnings).toEqual([])
  })
})

describe('--helper', () => {
  it('takes a port and a name', () => {
    expect(parseHelperOption('tcp/2121=ftp')).toEqual([{ protocol: 6, port: 2121, helper: 'ftp' }])
    expect(parseHelperOption('UDP/5062=SIP')).toEqual([{ protocol: 17, port: 5062, helper: 'sip' }])
  })

  it.each([
    ['ftp', 'write auto, or PROTO/PORT=NAME'],
    ['sctp/21=ftp', 'tcp or udp'],
    ['tcp/0=ftp', '1 to 65535'],
    ['tcp/70000=ftp', '1 to 65535'],
    ['tcp/x=ftp', '1 to 65535'],
    ['tcp/21=gopher', "no helper 'gopher'"],
    ['udp/21=ftp', 'the ftp helper is for tcp'],
    ['tcp/69=tftp', 'the tftp helper is for udp'],
  ])('refuses %s', (text, message) => {
    expect(() => parseHelperOption(text)).toThrow(message)
  })
})
