import { PROTO_SCTP } from '../../wire/protocols.ts'
import { type Condition, hotdropWhen, isBetween } from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import { cutPacket } from '../packet/cut-packet.ts'
import type { NumberRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { parsePortRange } from '../text/ports.ts'
import { printPorts } from './port-pair.ts'
import { type ChunkRule, chunkTest, parseChunks, printChunks } from './sctp-chunks.ts'
import { headerOf } from './tcp.ts'

const HEADER = 12

export const sctp: MatchExtension = {
  name: 'sctp',
  protocols: [PROTO_SCTP],
  options: [
    { name: 'source-port', aliases: ['sport'], negatable: true },
    { name: 'destination-port', aliases: ['dport'], negatable: true },
    { name: 'chunk-types', values: 2, negatable: true },
  ],
  parse: parseSctp,
}

function parseSctp(options: Options): Match {
  const ports = (name: string): NumberRange | null => {
    const token = options.value(name)
    return token ? parsePortRange(token, 'sctp') : null
  }
  const sports = ports('source-port')
  const dports = ports('destination-port')
  const use = options.get('chunk-types')
  const chunks: ChunkRule | null = use ? parseChunks(use.values[0], use.values[1]) : null
  return {
    print() {
      return [
        printPorts('sport', sports, options.negated('source-port')),
        printPorts('dport', dports, options.negated('destination-port')),
        chunks ? printOption('chunk-types', printChunks(chunks), options.negated('chunk-types')) : '',
      ]
        .filter((part) => part !== '')
        .join(' ')
    },
    conditions() {
      const conditions: Condition[] = [headerOf(HEADER)]
      if (sports) conditions.push(isBetween('sourcePort', sports, options.negated('source-port')))
      if (dports) conditions.push(isBetween('destinationPort', dports, options.negated('destination-port')))
      if (chunks) conditions.push(...chunkConditions(chunks, options.negated('chunk-types')))
      return conditions
    },
  }
}

function chunkConditions(chunks: ChunkRule, negated: boolean): Condition[] {
  const call = (label: string, malformed: boolean, inverted: boolean): Condition => ({
    kind: 'call',
    label,
    negated: inverted,
    missing: cutPacket('inside its SCTP chunks'),
    create: () => chunkTest(chunks, malformed),
  })
  return [hotdropWhen(call('malformed chunks', true, false)), call('chunk types', false, negated)]
}
