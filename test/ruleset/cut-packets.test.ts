import { describe, expect, test } from 'vitest'
import { IP_NONE, P_FAMILY, P_NOTE } from '../../src/wire/packet-fields.ts'
import { auth, datagram, destinationOptions, mss, nop, tcp, timestamps, udp } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'
import { route, udpAfter } from './ipv6-chains.ts'
import { chainOf, matchedByUs } from './matched-rules.ts'

const RULES4 = [
  '-m string --string foo --algo bm',
  '-m string ! --string foo --algo kmp --from 30 --to 60',
  '-m u32 --u32 "0>>22&0x3C@12>>26&0x3C@0=0x666f6f62"',
  '-m u32 --u32 "36=0:0xffffffff"',
  '-m bpf --bytecode "4,32 0 0 44,21 0 1 1,6 0 0 1,6 0 0 0"',
  '-p tcp -m tcpmss --mss 1460',
  '-p tcp -m tcpmss ! --mss 1:500',
  '-p tcp -m tcp --tcp-option 8',
  '-p tcp -m ecn --ecn-tcp-ece',
  '-p esp -m esp --espspi 5',
  '-p ah -m ah --ahspi 5',
  '-m dscp --dscp 0',
  '-p dccp -m dccp --dccp-types DATA',
  '-p dccp -m dccp --dccp-option 37',
]
const PATH = '192.0.2.1:1>198.51.100.2:2'
const PACKETS4 = [
  tcp(PATH, 'SE', { options: [nop(), nop(), timestamps(1, 2), mss(1460)], data: 'foobar' }),
  tcp(PATH, 'A', { data: 'xfoobar' }),
  udp(PATH, { data: 'some foobar' }),
  datagram('192.0.2.1>198.51.100.2', 50, [0, 0, 0, 5, 0, 0, 0, 1, 9, 9]),
  datagram('192.0.2.1>198.51.100.2', 33, [0, 1, 0, 2, 6, 0, 0, 0, 4, 0, 0, 1, 37, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
]
const RULES6 = [
  '-m dst --dst-opts 30,31',
  '-m rt --rt-type 0 --rt-0-addrs 2001:db8::5,2001:db8::6',
  '-m rt --rt-segsleft 2',
  '-m ah --ahspi 256',
  '-m ipv6header --header dst,auth,prot',
  '-m ipv6header --header prot --soft',
  '-m srh --srh-segs-left-eq 1 --srh-nsid 2001:db8::5',
  '-m frag',
  '-m string --string foo --algo bm',
]
const PACKETS6 = [
  udpAfter(destinationOptions(30, 2, 1, 1, 31, 0), auth()),
  udpAfter(route(0, 2, [5, 6])),
  udpAfter(destinationOptions(30, 9), route(4, 1, [5, 6])),
  udpAfter(),
]

/** What the answer for each rule is: yes, no or `?`. */
function answers(matched: readonly string[], rules: number): string {
  return Array.from({ length: rules }, (_, index) => {
    const name = `filter:FORWARD:${index + 1}`
    return matched.includes(`${name}?`) ? '?' : matched.includes(name) ? 'y' : 'n'
  }).join('')
}

describe.each([
  ['IPv4', 'ipv4', RULES4, PACKETS4],
  ['IPv6', 'ipv6', RULES6, PACKETS6],
] as const)('%s packets that the snap length cut', (_, family, rules, packets) => {
  test.each(rules)('%s', (rule) => {
    const text = chainOf('filter', 'FORWARD', [rule])
    for (const packet of packets) {
      const whole = answers(matchedByUs(family, text, [packet])[0], 1)
      expect(whole).not.toContain('?')
      let known = 0
      for (let captured = packet.length; captured >= 20; captured--) {
        const fields = decodeToFields(packet.slice(0, captured), { wireLength: packet.length })
        if (fields[P_FAMILY] === IP_NONE || fields[P_NOTE] !== 0) break
        const answer = answers(matchedByUs(family, text, [packet], { captured })[0], 1)
        expect([whole, '?'], `${captured} of ${packet.length} bytes`).toContain(answer)
        if (answer !== '?') known++
      }
      expect(known).toBeGreaterThan(0)
    }
  })
})
