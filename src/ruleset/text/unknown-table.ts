import { TABLES_BY_PRIORITY } from '../tables.ts'
import { meantBy } from './closest.ts'

export function unknownTable(name: string): string {
  const otherwise = 'tables are raw, mangle, nat, filter and security'
  return `there is no table "${name}"; ${meantBy(name, TABLES_BY_PRIORITY, otherwise)}`
}
