import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/files.ts'
import { concat, ether, fragments, tcp, udp } from '../support/packets.ts'
import { type CaptureFrame, pcap } from '../support/pcap.ts'
import { kernelOracle, type OracleLine } from './kernel-oracle.ts'

const oracle = kernelOracle()
const folder = temporaryFolder()

interface Run {
  rules?: string[]
  options?: string[]
  linkType?: number
}

/** Replays frames through the kernel under filter rules for FORWARD and INPUT. */
async function ask(frames: readonly (Uint8Array | CaptureFrame)[], run: Run = {}): Promise<OracleLine[]> {
  if (!oracle.available) throw new Error(oracle.why)
  const capture = join(folder, 'oracle.pcap')
  writeFileSync(capture, pcap(frames, run.linkType))
  const options = run.options ?? []
  if (run.rules === undefined) return oracle.run(capture, options)
  const file = join(folder, 'rules.v4')
  const head = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ':sub - [0:0]']
  writeFileSync(file, [...head, ...run.rules, 'COMMIT', ''].join('\n'))
  return oracle.run(capture, ['--rules', file, ...options])
}

const states = (lines: readonly OracleLine[]) => lines.map(({ state }) => state)
const there = udp('10.0.0.1:1>10.9.9.9:2')
const back = udp('10.9.9.9:2>10.0.0.1:1')

describe.skipIf(!oracle.available)(`the oracle (${oracle.available ? 'available' : oracle.why})`, () => {
  it('names the rule and the target that dropped a packet, also where TRACE calls the rule a policy', async () => {
    const rules = [
      '-A FORWARD -p udp -m udp --dport 2 -j REJECT',
      '-A FORWARD -s 10.9.9.9 -j sub',
      '-A FORWARD -j DROP',
    ]
    const lines = await ask([there, back, udp('10.0.0.1:1>10.9.9.9:3')], { rules })
    expect(lines.map(({ verdict, rule, target }) => [verdict, rule, target])).toEqual([
      ['DROP', 'filter:FORWARD:rule:1', 'REJECT'],
      ['DROP', 'filter:FORWARD:policy:3', 'DROP'],
      ['DROP', 'filter:FORWARD:policy:3', 'DROP'],
    ])
  })

  it('leaves no entry after a dropped SYN', async () => {
    const syn = tcp('10.0.0.1:7>10.9.9.9:22', 'S', { seq: 100 })
    const synAck = tcp('10.9.9.9:22>10.0.0.1:7', 'SA', { seq: 5, ack: 101 })
    expect(states(await ask([syn, synAck, syn], { rules: ['-A FORWARD -p tcp --dport 22 -j DROP'] }))).toEqual([
      'NEW',
      'INVALID',
      'NEW',
    ])
  })

  it('is the host in host mode: OUTPUT for what it sends, INPUT for what it receives, blind to the rest', async () => {
    const lines = await ask([there, back, udp('10.9.9.9:1>10.7.7.7:2')], {
      options: ['--mode', 'host', '--local', '10.0.0.1'],
    })
    expect(lines.map(({ state, hook }) => [state, hook])).toEqual([
      ['NEW', 'OUTPUT'],
      ['ESTABLISHED', 'INPUT'],
      ['OTHERHOST', undefined],
    ])
  })

  it.each([
    ['Ethernet', 1, ether(there)],
    ['VLAN', 1, ether(there, { vlan: [5] })],
    ['QinQ', 1, ether(there, { vlan: [5, 6] })],
    ['BSD loopback', 0, concat([2, 0, 0, 0], there)],
    ['cooked', 113, concat([0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0], there)],
    ['cooked, version 2', 276, concat([8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0], there)],
    ['PPP', 9, concat([0xff, 3, 0, 0x21], there)],
    ['Cisco HDLC', 104, concat([0x0f, 0, 8, 0], there)],
  ] as const)('finds the packet in %s frames', async (_, linkType, frame) => {
    expect(states(await ask([frame], { linkType }))).toEqual(['NEW'])
  })

  it('pads what the snap length cut, and not what was short on the wire', async () => {
    const long = udp('10.0.0.1:1>10.9.9.9:2', { data: 400 })
    const cut = { bytes: long.slice(0, 60), wireLength: long.length }
    expect(states(await ask([cut]))).toEqual(['IP_DROP'])
    expect(states(await ask([cut, { bytes: long.slice(0, 60) }], { options: ['--pad'] }))).toEqual(['NEW', 'IP_DROP'])
  })

  it('repairs checksums when told to', async () => {
    const spoilt = udp('10.0.0.1:1>10.9.9.9:2', { headerChecksum: 1, checksum: 'bad' })
    expect(states(await ask([spoilt]))).toEqual(['IP_DROP'])
    expect(states(await ask([spoilt], { options: ['--fix-checksums'] }))).toEqual(['NEW'])
  })

  it('labels a datagram at the fragment that completes it', async () => {
    const pieces = fragments(udp('10.0.0.1:1>10.9.9.9:2', { data: 3000 }), 1500)
    expect(states(await ask(pieces))).toEqual(['FRAG_QUEUED', 'FRAG_QUEUED', 'NEW'])
  })

  it('lets entries expire by the time of the capture', async () => {
    const late = [
      { bytes: there, time: 0 },
      { bytes: back, time: 31 },
    ]
    expect(states(await ask(late))).toEqual(['NEW', 'ESTABLISHED'])
    expect(states(await ask(late, { options: ['--virtual-time'] }))).toEqual(['NEW', 'NEW'])
  })

  it('says in its own words what it cannot do', async () => {
    await expect(ask([there], { rules: ['-A FORWARD -j NOWHERE'] })).rejects.toThrow(/iptables-legacy-restore refused/)
  })
})
