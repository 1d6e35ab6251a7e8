import { any, anyBit, type Condition } from '../evaluate/condition.ts'
import { STATE_ESTABLISHED, STATE_INVALID, STATE_NEW, STATE_RELATED, STATE_UNTRACKED } from '../packet/rule-packet.ts'
import { meantBy } from '../text/closest.ts'
import { partOf } from '../text/part-of.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** Bits beside the STATE_ bits: states that are read from the connection's status. */
const VIRTUAL_SNAT = 0x1000
const VIRTUAL_DNAT = 0x2000
const IPS_SRC_NAT = 0x10
const IPS_DST_NAT = 0x20

type State = readonly [string, number]

/** In the order in which iptables-save prints them. */
export const STATES: readonly State[] = [
  ['INVALID', STATE_INVALID],
  ['NEW', STATE_NEW],
  ['RELATED', STATE_RELATED],
  ['ESTABLISHED', STATE_ESTABLISHED],
  ['UNTRACKED', STATE_UNTRACKED],
]

export const STATES_WITH_NAT: readonly State[] = [...STATES, ['SNAT', VIRTUAL_SNAT], ['DNAT', VIRTUAL_DNAT]]

/** `NEW,ESTABLISHED`, in any case, words may be shortened as iptables allows. */
export function parseStates(token: Token, names: readonly State[]): number {
  let states = 0
  for (const word of token.text.split(',')) {
    const state = word === '' ? undefined : names.find(([name]) => name.startsWith(word.toUpperCase()))
    if (!state) {
      const known = names.map(([name]) => name)
      const instead = meantBy(word, known, `write one or more of ${known.join(', ')}, with commas and no spaces`)
      throw new Refusal(partOf(token, word), `"${word}" is not a state; ${instead}`)
    }
    states |= state[1]
  }
  return states
}

export function printStates(states: number, names: readonly State[]): string {
  return names
    .filter(([, bit]) => states & bit)
    .map(([name]) => name)
    .join(',')
}

export function stateCondition(states: number, negated: boolean): Condition {
  const plain = states & ~(VIRTUAL_SNAT | VIRTUAL_DNAT)
  const status = (states & VIRTUAL_SNAT ? IPS_SRC_NAT : 0) | (states & VIRTUAL_DNAT ? IPS_DST_NAT : 0)
  if (status === 0) return anyBit('state', plain, negated)
  const byStatus = anyBit('connectionStatus', status)
  return plain === 0
    ? { ...byStatus, negated: byStatus.negated !== negated }
    : any([anyBit('state', plain), byStatus], negated)
}
