import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IPS_ASSURED } from '../../src/conntrack/status.ts'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { ConnectionCounts } from '../../src/ruleset/matches/connection-counts.ts'
import { HOOK_FORWARD } from '../../src/ruleset/packet/hooks.ts'
import {
  type RulePacket,
  STATE_ESTABLISHED,
  VERDICT_ACCEPT,
  VERDICT_DROP,
} from '../../src/ruleset/packet/rule-packet.ts'
import type { CompiledRuleset } from '../../src/ruleset/ruleset.ts'
import { P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, PACKET_INTS } from '../../src/wire/packet-fields.ts'
import { Replaying } from '../netfilter/replaying.ts'
import { ENVIRONMENT } from '../ruleset/support.ts'
import { tcp, udp } from '../support/packets.ts'
import { crowded, network } from './conversations.ts'

interface Node {
  readonly row: Int32Array
  perhaps: boolean
}

/** What ConnectionCounts says, by looking through the whole list for every packet. */
class PlainCounts {
  low = 0
  high = 0
  readonly #addressAt: number
  readonly #mask: number
  readonly #groups = new Map<number, Node[]>()

  constructor(addressAt: number, mask: number) {
    this.#addressAt = addressAt
    this.#mask = mask
  }

  ask(packet: RulePacket, perhaps: boolean): void {
    const { fields, base, connections } = packet
    const group = this.#groupOf(packet)
    const nodes = this.#groups.get(group)
    const own = tupleOf(packet)
    if (nodes === undefined) {
      this.low = 1
      this.high = 1
      this.#groups.set(group, [{ row: own, perhaps }])
      return
    }
    const lookedUp = packet.connection >= 0 ? packet.connection : connections.find(fields, base, 0) >> 1
    const isOld = lookedUp >= 0 && (connections.status(lookedUp) & IPS_ASSURED) !== 0
    const gone: Node[] = []
    let met: Node | undefined
    for (const node of nodes) {
      const isEnough = gone.length > 64
      if (!isOld && isEnough) break
      const found = connections.find(node.row, 0, 0)
      if (!isOld && found >= 0 && `${node.row}` === `${own}`) {
        met = node
        break
      }
      if (found < 0 || connections.isClosed(found >> 1)) gone.push(node)
      else if (isEnough) break
    }
    const sure = (list: readonly Node[]): number => list.filter((node) => !node.perhaps).length
    this.high = nodes.length - gone.length + (isOld || met ? 0 : 1)
    this.low = sure(nodes) - sure(gone) + (isOld || (met && !met.perhaps) ? 0 : 1)
    if (perhaps) for (const node of gone) node.perhaps = true
    else {
      const left = nodes.filter((node) => !gone.includes(node))
      this.#groups.set(group, left)
    }
    if (isOld) return
    if (met) met.perhaps &&= perhaps
    else this.#groups.get(group)?.push({ row: own, perhaps })
  }

  #groupOf({ fields, base }: RulePacket): number {
    return fields[base + this.#addressAt] & this.#mask
  }
}

/** As a row of header fields: of the packet's connection, else of the packet. */
function tupleOf({ fields, base, connection, connections }: RulePacket): Int32Array {
  const row = new Int32Array(PACKET_INTS)
  for (const field of [P_FAMILY, P_PROTOCOL, P_PORTS, P_SRC, P_DST]) row[field] = fields[base + field]
  if (connection < 0) return row
  const [from, to] = [false, true].map((destination) => connections.port(connection, false, destination))
  row[P_PROTOCOL] = connections.protocol(connection)
  row[P_PORTS] = row[P_PROTOCOL] === 1 ? (to << 16) | from : (from << 16) | to
  row[P_SRC] = connections.address(connection, false, false, 0)
  row[P_DST] = connections.address(connection, false, true, 0)
  return row
}

const GROUPS = [
  [P_SRC, 0],
  [P_SRC, 0xffff_ffff],
  [P_DST, 0xffff_ff00],
] as const

/** Many of one client that are soon gone: so many that a search ends among them. */
const flood = fc
  .tuple(fc.integer({ min: 1, max: 90 }), fc.boolean(), fc.constantFrom(0.01, 0.01, 31, 121))
  .map(([count, isTcp, gap]) =>
    Array.from({ length: count }, (_, n) => ({
      bytes: isTcp ? tcp(`10.0.0.1:${2000 + n}>10.0.0.9:80`, 'S') : udp(`10.0.0.1:${2000 + n}>10.0.0.9:53`),
      gap: n === 0 ? gap : 0.01,
    })),
  )
const traffic = fc
  .array(fc.oneof(flood, network(crowded, 8)), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.flat())

test('connections are counted as if all were looked through for every packet', () => {
  fc.assert(
    fc.property(
      traffic,
      fc.constantFrom(1, 2, 3, 5, 256),
      fc.constantFrom(0, 0, 20),
      fc.array(fc.constantFrom('accept', 'accept', 'accept', 'accept', 'drop', 'perhaps'), { minLength: 7 }),
      (packets, blockNodes, most, fates) => {
        const quick = GROUPS.map(([at, mask]) => new ConnectionCounts(at, [mask], blockNodes))
        const plain = GROUPS.map(([at, mask]) => new PlainCounts(at, mask))
        let asked = 0
        const run = (packet: RulePacket): number => {
          // Established connections take the short way: what they do must be heard of all the same.
          if (packet.state === STATE_ESTABLISHED) return VERDICT_ACCEPT
          packet.steady = false
          const fate = fates[asked++ % fates.length]
          for (const [at, counts] of quick.entries()) {
            counts.count(packet)
            const { low, high } = counts
            counts.enter(packet, fate === 'perhaps')
            plain[at].ask(packet, fate === 'perhaps')
            expect([asked, at, low, high]).toEqual([asked, at, plain[at].low, plain[at].high])
          }
          return fate === 'drop' ? VERDICT_DROP : VERDICT_ACCEPT
        }
        const rules = compileRuleset(parseRuleset('*filter\nCOMMIT\n', 'none', 'ipv4'), ENVIRONMENT)
        const ruleset4: CompiledRuleset = {
          ...rules,
          tablesAt: (hook) => (hook === HOOK_FORWARD ? [{ table: 'filter', run }] : []),
        }
        const replaying = new Replaying({ ruleset4, sysctls: { nf_conntrack_max: most } })
        for (const { bytes, gap } of packets) replaying.wait(gap).say(bytes)
        return asked > 0
      },
    ),
    { numRuns: 100 },
  )
})
