import { jenkinsHash1 } from '../../wire/jenkins-hash.ts'
import { NO, type PureTest, YES } from '../evaluate/condition.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { MASK_ALL, parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const NODES_MAX = 32
/** Of greater masks, as `--cluster-local-node 7` makes them, iptables-save writes what iptables-restore refuses. */
const RESTORED_MAX = 32

/** Which machine of a cluster is to take a connection, by a hash of its first source address. */
export const cluster: MatchExtension = {
  name: 'cluster',
  options: [
    { name: 'cluster-total-nodes' },
    { name: 'cluster-local-node', negatable: true },
    { name: 'cluster-local-nodemask', negatable: true },
    { name: 'cluster-hash-seed' },
  ],
  parse: parseCluster,
}

function parseCluster(options: Options, { warn }: RuleContext): Match {
  const use = options.oneOf(['cluster-local-node', 'cluster-local-nodemask'])
  if (!use) throw new Refusal(options.at, 'cluster needs --cluster-local-node or --cluster-local-nodemask')
  const total = parseNumber(options.required('cluster-total-nodes'), 1, NODES_MAX, 'number of nodes')
  const seed = parseNumber(options.required('cluster-hash-seed'), 0, MASK_ALL, 'seed')
  const [token] = use.values
  const single = use.spec.name === 'cluster-local-node'
  const nodes = single
    ? 2 ** (parseNumber(token, 1, NODES_MAX, 'node') - 1)
    : parseNumber(token, 1, MASK_ALL, 'mask of nodes')
  if (!single && nodes > RESTORED_MAX) {
    warn(
      `line ${token.line}: iptables-restore refuses masks of nodes above ${RESTORED_MAX}; --cluster-local-node does not`,
    )
  }
  if (nodes >= 2 ** total)
    throw new Refusal(token, `${token.text} does not fit into ${total} nodes; the highest bit stands for the last node`)
  const long = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`
  const text = [
    printOption('cluster-local-nodemask', long(nodes), use.negated),
    `--cluster-total-nodes ${total}`,
    `--cluster-hash-seed ${long(seed)}`,
  ].join(' ')
  return {
    print: () => text,
    conditions: () => [
      {
        kind: 'call',
        label: text,
        negated: false,
        create: () => new ClusterTest(seed, total, nodes, use.negated),
      },
    ],
  }
}

/** A packet without connection never matches, negated or not. */
class ClusterTest implements PureTest {
  readonly #seed: number
  readonly #total: number
  readonly #nodes: number
  readonly #negated: boolean

  constructor(seed: number, total: number, nodes: number, negated: boolean) {
    this.#seed = seed
    this.#total = total
    this.#nodes = nodes
    this.#negated = negated
  }

  test(packet: RulePacket): number {
    const { connection, connections } = packet
    if (connection < 0) return NO
    const master = connections.master(connection)
    const owner = master < 0 ? connection : master
    // Of an IPv6 address, too, the kernel takes one word, the first.
    const hash = jenkinsHash1(swapped(connections.address(owner, false, false, 0)), this.#seed)
    const node = Math.floor((hash * this.#total) / 2 ** 32)
    return (((this.#nodes >>> node) & 1) === 1) !== this.#negated ? YES : NO
  }
}

/** The kernel hashes addresses as they lie in memory; it is taken to run on a little-endian machine. */
function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}
