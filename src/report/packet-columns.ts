import type { ColumnSchema } from './parquet/footer.ts'

const column = (name: string, type: ColumnSchema['type'], required = false): ColumnSchema => ({ name, type, required })

/** The columns of the tables with one row per frame: all fields of NDJSON, by the same names. */
export const PACKET_COLUMNS: readonly ColumnSchema[] = [
  column('frame', 'int64', true),
  column('time', 'timestamp'),
  column('src', 'text'),
  column('dst', 'text'),
  column('proto', 'text'),
  column('sport', 'int32'),
  column('dport', 'int32'),
  column('length', 'int32', true),
  column('ctstate', 'text'),
  column('ctdir', 'text'),
  column('hook', 'text'),
  column('verdict', 'text'),
  column('rule', 'text'),
  column('target', 'text'),
  column('line', 'int32'),
  column('reason', 'text'),
  column('note', 'text'),
  column('connection', 'int64'),
  column('icmpType', 'int32'),
  column('icmpCode', 'int32'),
  column('icmpId', 'int32'),
  column('possible', 'text'),
  column('unknown', 'text'),
  column('reasonFrame', 'int64'),
  column('dropHook', 'text'),
  column('assumesFrame', 'int64'),
  column('fragments', 'text'),
  column('file', 'text'),
  column('fileFrame', 'int64'),
]
