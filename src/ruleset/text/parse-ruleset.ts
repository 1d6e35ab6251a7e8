import { checkTable } from '../check-table.ts'
import type { Counters, ParsedRuleset, Table } from '../rule.ts'
import type { Family } from '../ruleset.ts'
import { isTableName } from '../tables.ts'
import { MatchCache } from './match-cache.ts'
import { parseRuleLine, type RuleScope } from './parse-rule.ts'
import { type LocatedError, Refusal, RulesetError } from './ruleset-error.ts'
import { TableBuilder } from './table-builder.ts'
import { tokenize } from './tokens.ts'

const ERRORS_MAX = 20

/**
 * Reads what iptables-save writes, and what people write by hand in its form.
 *
 * @param fileName for messages
 * @throws RulesetError with everything that is wrong, up to 20 places
 */
export function parseRuleset(text: string, fileName: string, family: Family): ParsedRuleset {
  const file = new FileReader(fileName, family)
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  else if (text !== '') file.warn(`line ${lines.length}: the last line has no line end, which iptables-restore minds`)
  if (lines.some((line) => line.endsWith('\r'))) {
    file.warn('the lines end as in DOS (CR LF), which iptables-restore refuses; they are read as if they did not')
  }
  lines.forEach((line, index) => {
    file.line(line.endsWith('\r') ? line.slice(0, -1) : line, index + 1)
  })
  return file.finish(lines.length)
}

class FileReader {
  readonly #file: string
  readonly #family: Family
  readonly #tables = new Map<string, Table>()
  readonly #warnings = new Set<string>()
  readonly #errors: LocatedError[] = []
  readonly #matches = new MatchCache()
  #table: TableBuilder | null = null
  #tableFailed = false

  constructor(file: string, family: Family) {
    this.#file = file
    this.#family = family
  }

  readonly warn = (text: string): void => {
    this.#warnings.add(`${this.#file}: ${text}`)
  }

  line(text: string, line: number): void {
    if (this.#errors.length >= ERRORS_MAX) return
    try {
      this.#readLine(text, line)
    } catch (error) {
      this.#note(error)
    }
  }

  #note(error: unknown): void {
    if (!(error instanceof Refusal)) throw error
    if (this.#errors.length >= ERRORS_MAX) return
    this.#errors.push({ file: this.#file, line: error.line, column: error.column, text: error.message })
    this.#tableFailed = true
  }

  #readLine(text: string, line: number): void {
    if (text === '' || text.startsWith('#')) return
    const trimmed = text.trim()
    if (trimmed === '') {
      this.warn(`line ${line}: only spaces, which iptables-restore refuses; taken for an empty line`)
      return
    }
    if (text.startsWith('*')) this.#openTable(trimmed.slice(1), line)
    else if (!this.#table) {
      throw new Refusal({ line, column: 1 }, 'this stands outside of a table; begin one with *filter')
    } else if (trimmed === 'COMMIT') {
      if (text !== 'COMMIT') this.warn(`line ${line}: spaces around COMMIT, which iptables-restore refuses`)
      this.#commit(this.#table)
    } else if (text.startsWith(':')) this.#declareChain(this.#table, text, line)
    else this.#ruleLine(this.#table, text, line)
  }

  #openTable(name: string, line: number): void {
    const at = { line, column: 2 }
    if (this.#table) throw new Refusal(at, `the table ${this.#table.name} is still open; close it with COMMIT`)
    if (!isTableName(name)) {
      throw new Refusal(at, `there is no table "${name}"; tables are raw, mangle, nat, filter and security`)
    }
    this.#table = new TableBuilder(name, line)
    this.#tableFailed = false
  }

  #commit(builder: TableBuilder): void {
    const table = builder.finish()
    this.#table = null
    if (!this.#tableFailed) checkTable(table)
    if (this.#tables.has(table.name)) {
      this.warn(`line ${table.line}: the table ${table.name} stands here again; what it said before is gone`)
      this.#tables.delete(table.name)
    }
    this.#tables.set(table.name, table)
  }

  #declareChain(table: TableBuilder, text: string, line: number): void {
    const [name, policy, counters, extra] = tokenize(text.slice(1), line, 2)
    const at = { line, column: 1 }
    if (!name || !policy) throw new Refusal(at, 'a chain is declared as ":NAME POLICY [packets:bytes]"')
    if (extra)
      throw new Refusal(
        extra,
        `"${extra.text}" is too much here; a chain is declared as ":NAME POLICY [packets:bytes]"`,
      )
    const counted = counters ? parseCounters(counters.text) : null
    if (counters && !counted) throw new Refusal(counters, `"${counters.text}" are not counters; write [packets:bytes]`)
    table.declare(name, policy, counted, `:${name.text} ${policy.text}`)
  }

  #ruleLine(table: TableBuilder, text: string, line: number): void {
    const prefix = /^\s*(\[[^\]]*\])\s+/.exec(text)
    const counters = prefix ? parseCounters(prefix[1]) : null
    if (prefix && !counters) {
      throw new Refusal({ line, column: 1 }, `"${prefix[1]}" are not counters; write [packets:bytes]`)
    }
    const start = prefix ? prefix[0].length : 0
    const rule = text.slice(start)
    const scope: RuleScope = {
      family: this.#family,
      table: table.name,
      hasChain: (name) => table.hasChain(name),
      warn: this.warn,
      matches: this.#matches,
    }
    const tokens = tokenize(rule, line, start + 1)
    if (tokens.length === 0)
      throw new Refusal({ line, column: 1 }, 'counters without a rule; write -A CHAIN behind them')
    const parsed = parseRuleLine(tokens, rule.trim(), counters, scope)
    if (parsed) table.apply(parsed)
  }

  finish(lastLine: number): ParsedRuleset {
    if (this.#table && this.#errors.length < ERRORS_MAX) {
      const text = `the table ${this.#table.name} is not closed; write COMMIT behind its rules`
      this.#note(new Refusal({ line: lastLine, column: 1 }, text))
    }
    if (this.#errors.length > 0) throw new RulesetError(this.#errors)
    return { family: this.#family, file: this.#file, tables: [...this.#tables.values()], warnings: [...this.#warnings] }
  }
}

/** `[packets:bytes]` */
function parseCounters(text: string): Counters | null {
  const found = /^\[([0-9]{1,20}):([0-9]{1,20})\]$/.exec(text)
  return found && { packets: Number(found[1]), bytes: Number(found[2]) }
}
