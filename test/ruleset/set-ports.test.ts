import { describe, expect, test } from 'vitest'
import { datagram, destinationOptions, hopByHop, udp } from '../support/packets.ts'
import { noKernel, replayBoth } from './replay-both.ts'

/** Rules that add and match what has a port, in sets of both kinds. */
function rulesOf(sets: readonly string[]): string {
  return [
    '*mangle',
    '-A FORWARD -j SET --add-set added dst,dst',
    'COMMIT',
    '*filter',
    ...sets.map((set) => `-A FORWARD -m set --match-set ${set} -j ACCEPT`),
    '-A FORWARD -j DROP',
    'COMMIT',
    '',
  ].join('\n')
}

const OTHERS = [0, 2, 41, 47, 50, 59, 60, 89, 135, 253, 255]

describe.skipIf(noKernel)(`ports of protocols that have none, compared with the kernel ${noKernel}`, () => {
  test('IPv4, and its protocol 0', async () => {
    const ipset = ['create added hash:ip,port', 'create ports bitmap:port range 0-10', 'add ports 0', '']
    const { kernel, ours } = await replayBoth(
      { rules: rulesOf(['ports dst', 'added dst,dst']), ipset: ipset.join('\n') },
      [
        ...OTHERS.map((protocol) => datagram('192.0.2.1>198.51.100.2', protocol, Array(20).fill(0))),
        udp('192.0.2.1:0>198.51.100.2:0'),
      ],
    )
    expect(ours).toEqual(kernel)
    expect(new Set(kernel).size).toBeGreaterThan(1)
  })

  test('IPv6, no next header, and chains that cannot be read', async () => {
    const ipset = ['create added hash:ip,port family inet6', 'create ports bitmap:port range 0-10', 'add ports 0', '']
    const { kernel, ours } = await replayBoth(
      { rules6: rulesOf(['ports dst', 'added dst,dst']), ipset: ipset.join('\n') },
      [
        ...OTHERS.map((protocol) => datagram('2001:db8::1>2001:db8::2', protocol, Array(20).fill(0))),
        ...[59, 0, 60, 47].map((protocol) =>
          datagram('2001:db8::1>2001:db8::2', protocol, [], { extensions: [destinationOptions()] }),
        ),
        ...[59, 47].map((protocol) =>
          datagram('2001:db8::1>2001:db8::2', protocol, Array(8).fill(0), { extensions: [hopByHop()] }),
        ),
      ],
    )
    expect(ours).toEqual(kernel)
    expect(new Set(kernel).size).toBeGreaterThan(1)
  })
})
