import { expect, test } from 'vitest'
import { udp } from '../support/packets.ts'
import { compile, decide, filter, packetOf } from './support.ts'

const PACKET = udp('192.0.2.1:1>198.51.100.2:53')
const UNDECIDED = '-m physdev --physdev-is-bridged'

test('a label that an undecided rule may have set is unknown, for this connection alone', () => {
  const rules = compile(
    filter(
      `-A FORWARD -p udp ${UNDECIDED} -m mark --mark 1 -m connlabel --label 1 --set`,
      '-A FORWARD -m connlabel --label 1 -j ACCEPT',
      '-A FORWARD -m connlabel --label 2 -j ACCEPT',
    ),
  )
  const first = packetOf(PACKET, { connection: 7, mark: 1 })
  const { connections } = first
  const ask = (connection: number) => decide(rules, packetOf(PACKET, { connection, connections })).split(' ')[0]
  expect(ask(7)).toBe('DROP')
  expect(decide(rules, first)).toMatch(/^UNKNOWN/)
  expect(ask(7)).toBe('UNKNOWN')
  expect(ask(8)).toBe('DROP')
  // A later connection in the same entry.
  Object.assign(connections, { number: () => 100 })
  expect(ask(7)).toBe('DROP')
})
