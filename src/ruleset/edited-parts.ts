import type { Action } from './evaluate/action.ts'
import { PART_TRACKING } from './packet-edits.ts'
import type { Table } from './rule.ts'

/**
 * PART_ bits of what a table's targets change of packets that go on to later rules of the table. What becomes of a packet
 * that a target takes (TPROXY) is not among them: no rule of the table sees it again.
 */
export function partsEditedWithin(table: Table): number {
  return partsOf(table, (action) => {
    if (action.kind === 'edit') return action.parts
    return action.kind === 'track' ? PART_TRACKING : 0
  })
}

/** PART_ bits of all that may be changed of a packet behind a table, where it goes on to other tables. */
export function partsEditedBehind(table: Table): number {
  const ofAccepted = partsOf(table, (action) => (action.kind === 'undecided' ? (action.accepted?.parts ?? 0) : 0))
  return partsEditedWithin(table) | ofAccepted
}

function partsOf({ chains }: Table, of: (action: Action) => number): number {
  let parts = 0
  for (const { rules } of chains) for (const { target } of rules) if (target) parts |= of(target.target.action)
  return parts
}
