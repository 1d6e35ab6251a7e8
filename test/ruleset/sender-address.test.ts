import { describe, expect, test } from 'vitest'
import { cooked, cooked2, LOOPBACK } from '../netfilter/cooked.ts'
import { be16, concat, ether, tcp } from '../support/packets.ts'
import { matches, packetOf } from './support.ts'

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S')
const SENT_BY_1 = '-m mac --mac-source 02:00:00:00:00:01'
const SENT_BY_2 = '-m mac --mac-source 02:00:00:00:00:02'
const TO_US = 0
const SENT_BY_US = 4

describe('-m mac in captures without Ethernet headers', () => {
  test.each([
    ['cooked', cooked(TO_US, SYN)],
    ['cooked, broadcast', cooked(1, SYN)],
    ['cooked 2', cooked2(TO_US, SYN, 3)],
    ['NFLOG', { bytes: nflog(1), linkType: 239 }],
  ])('%s: the frame names its sender', (_name, { bytes, linkType }) => {
    const packet = packetOf(bytes, { linkType })
    expect([SENT_BY_1, SENT_BY_2].map((rule) => matches(rule, packet))).toEqual(['yes', 'no'])
  })

  test.each([
    ['sent by the machine that captured', cooked(SENT_BY_US, SYN)],
    ['of an unknown packet type', cooked(9, SYN)],
    ['over lo', cooked(TO_US, SYN, LOOPBACK)],
    ['sent by the machine, version 2', cooked2(SENT_BY_US, SYN, 3)],
    ['NFLOG of a device with longer addresses', { bytes: nflog(1, 8), linkType: 239 }],
    ['raw IP', { bytes: SYN, linkType: 101 }],
  ])('%s: unknown', (_name, { bytes, linkType }) => {
    expect(matches(SENT_BY_1, packetOf(bytes, { linkType }))).toBe('unknown')
  })

  // test/kernel/sender-address.test.ts asks the kernel.
  test('lo is no Ethernet device', () => {
    const LO = 3
    const overLoopback = packetOf(ether(SYN), { linkType: 1, inInterface: LO })
    const rules = [SENT_BY_1, '-m mac ! --mac-source 02:00:00:00:00:02']
    expect(rules.map((rule) => matches(rule, overLoopback))).toEqual(['no', 'no'])
  })

  test('how the frame was addressed, NFLOG does not tell by its sender', () => {
    const unicast = '-m pkttype --pkt-type unicast'
    expect(matches(unicast, packetOf(nflog(2), { linkType: 239 }))).toBe('unknown')
    expect(matches(unicast, packetOf(ether(SYN), { linkType: 1 }))).toBe('yes')
  })
})

/** The packet header with its hook, the hardware address, and the packet. */
function nflog(hook: number, addressLength = 6): Uint8Array {
  const attribute = (type: number, value: Uint8Array | number[]) => [value.length + 4, 0, type, 0, ...value]
  const address = concat(be16(addressLength, 0), [2, 0, 0, 0, 0, 1, 0, 0])
  return concat([2, 0, 0, 5], attribute(1, [8, 0, hook, 0]), attribute(8, address), attribute(9, SYN))
}
