import { expect, it } from 'vitest'
import { tcp, udp } from '../support/packets.ts'
import { compile, decide, filter, packetOf } from './support.ts'

/** Of a steady verdict, other packets of the connection need not ask again. */
function isSteady(packet: Uint8Array, ...rules: string[]): boolean {
  const asked = packetOf(packet)
  decide(compile(filter(...rules)), asked)
  return asked.steady
}

const web = tcp('10.0.0.1:1000>10.9.9.9:80', 'S')
const query = udp('10.0.0.1:1000>10.9.9.9:53')

it.each([
  ['-m limit --limit 1/s'],
  ['-m recent --set'],
  ['-m hashlimit --hashlimit-upto 5/s --hashlimit-name a'],
  ['-m connlimit --connlimit-above 5'],
  ['-m length --length 40'],
])('a rule with %s makes the verdict unsteady, of packets that come to it', (match) => {
  const rule = `-A FORWARD -p udp --dport 53 ${match} -j ACCEPT`
  expect(isSteady(query, rule)).toBe(false)
  expect(isSteady(web, rule)).toBe(true)
})
