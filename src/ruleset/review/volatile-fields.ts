import { partsEditedWithin } from '../edited-parts.ts'
import { FIELDS, type Field, type FieldName } from '../evaluate/fields.ts'
import { ALL_PARTS } from '../packet/packet-edits.ts'
import type { Table } from '../rule.ts'

/** What the rules of a table change in a packet, so that an earlier rule may have seen another value. */
export interface Volatile {
  readonly fields: ReadonlySet<FieldName>
  /** Something else changes that is not a field (sets, the bytes of packets). */
  readonly more: boolean
}

export function volatileOf(table: Table): Volatile {
  let marks = false
  let more = false
  for (const { target } of table.chains.flatMap((chain) => chain.rules)) {
    const action = target?.target.action
    if (action?.kind === 'assign') marks = true
    if (action?.kind === 'effect') more = true
  }
  const parts = partsEditedWithin(table)
  const edits = (parts & ALL_PARTS) !== 0
  const changes = (field: Field): boolean =>
    ((marks || more || edits) && field.changes === true) || ((field.parts ?? 0) & parts) !== 0
  const fields = (Object.keys(FIELDS) as FieldName[]).filter((name) => changes(FIELDS[name]))
  return { fields: new Set(fields), more: marks || more || parts !== 0 }
}
