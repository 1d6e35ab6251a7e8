import type { Action } from './evaluate/action.ts'
import { PART_TRACKING } from './packet/packet-edits.ts'
import type { Table } from './rule.ts'

/**
 * PART_ bits of what a table's targets change in packets that go on to later rules of the table. Changes to a packet
 * that a target accepts (TPROXY) are not among them: no later rule of the table sees it.
 */
export function partsEditedWithin(table: Table): number {
  return partsOf(table, partsKept)
}

/** PART_ bits of all that may have been changed when a packet goes on from a table to others. */
export function partsEditedAfter(table: Table): number {
  return partsOf(table, (action) => {
    return action.kind === 'undecided' ? (action.accepted?.parts ?? 0) : partsKept(action)
  })
}

function partsKept(action: Action): number {
  if (action.kind === 'edit') return action.parts
  return action.kind === 'track' ? PART_TRACKING : 0
}

function partsOf({ chains }: Table, of: (action: Action) => number): number {
  let parts = 0
  for (const { rules } of chains) {
    for (let at = 0; at < rules.length; at++) {
      const { target } = rules[at]
      if (target) parts |= of(target.target.action)
    }
  }
  return parts
}
