import { PROTO_UDP } from '../../wire/protocols.ts'
import type { Condition } from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import { PortPair } from './port-pair.ts'
import { headerOf } from './tcp.ts'

const HEADER = 8

export const udp: MatchExtension = {
  name: 'udp',
  isBrief: true,
  protocols: [PROTO_UDP],
  options: [
    { name: 'source-port', aliases: ['sport'], negatable: true },
    { name: 'destination-port', aliases: ['dport'], negatable: true },
  ],
  parse: (options) => new UdpMatch(new PortPair(options)),
}

class UdpMatch implements Match {
  readonly #ports: PortPair

  constructor(ports: PortPair) {
    this.#ports = ports
  }

  print(): string {
    return this.#ports
      .print()
      .filter((part) => part !== '')
      .join(' ')
  }

  conditions(): readonly Condition[] {
    const conditions: Condition[] = [headerOf(HEADER)]
    this.#ports.addConditions(conditions)
    return conditions
  }
}
