import { type Condition, isBetween } from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import type { Options } from '../text/options.ts'
import { PROTOCOL_UDP } from '../text/protocols.ts'
import { headerOf, portRange, printSomePorts } from './tcp.ts'

const HEADER = 8

export const udp: MatchExtension = {
  name: 'udp',
  protocols: [PROTOCOL_UDP],
  options: [
    { name: 'source-port', aliases: ['sport'], negatable: true },
    { name: 'destination-port', aliases: ['dport'], negatable: true },
  ],
  parse: parseUdp,
}

function parseUdp(options: Options): Match {
  const sports = portRange(options, 'source-port')
  const dports = portRange(options, 'destination-port')
  // The match outlives the words that it was read from.
  const otherSports = options.negated('source-port')
  const otherDports = options.negated('destination-port')
  return {
    print() {
      return [printSomePorts('sport', sports, otherSports), printSomePorts('dport', dports, otherDports)]
        .filter((part) => part !== '')
        .join(' ')
    },
    conditions() {
      const conditions: Condition[] = [headerOf(HEADER)]
      if (sports) conditions.push(isBetween('sourcePort', sports, otherSports))
      if (dports) conditions.push(isBetween('destinationPort', dports, otherDports))
      return conditions
    },
  }
}
