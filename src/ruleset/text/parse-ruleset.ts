import { checkEstimators } from '../check-estimators.ts'
import { checkTable } from '../check-table.ts'
import type { Family } from '../packet/rule-environment.ts'
import type { Counters, ParsedRuleset, Table } from '../rule.ts'
import type { TableName } from '../ruleset.ts'
import { isTableName } from '../tables.ts'
import { parseCounters } from './counters.ts'
import { ExtensionCache } from './extension-cache.ts'
import { adviceFor, namesShell, SHELL_SCRIPT } from './foreign-forms.ts'
import type { LabelNames } from './parse-label-names.ts'
import { parseRuleLine, type RuleScope } from './parse-rule.ts'
import { RefusedLines, refusedCommand } from './refused-line.ts'
import { type LocatedError, OtherFamilyRefusal, Refusal, RulesetError } from './ruleset-error.ts'
import { omissionIn } from './save-comments.ts'
import { readShellLine, type ShellLine } from './shell-line.ts'
import { TableBuilder } from './table-builder.ts'
import { type Token, tokenize } from './tokens.ts'
import { unknownTable } from './unknown-table.ts'

const ERRORS_MAX = 20
/** Most words of a line that iptables-restore accepts. */
const WORDS_MAX = 251
const BYTE_ORDER_MARK = '\ufeff'

/**
 * Reads what iptables-save writes, and what people write by hand in that form.
 *
 * @param fileName for messages
 * @param labels names of connection labels, where a file of them was given
 * @throws RulesetError with all errors, up to 20
 */
export function parseRuleset(
  text: string,
  fileName: string,
  family: Family,
  labels: LabelNames | null = null,
): ParsedRuleset {
  const file = new RulesetReader(fileName, family, labels)
  const hasMark = text.startsWith(BYTE_ORDER_MARK)
  if (hasMark) file.warn('the file begins with a byte order mark, which iptables-restore refuses; it is passed over')
  const lines = (hasMark ? text.slice(1) : text).split('\n')
  if (lines.at(-1) === '') lines.pop()
  else if (text !== '') file.warn(`line ${lines.length}: the last line has no line end, which iptables-legacy refuses`)
  if (lines.some((line) => line.endsWith('\r'))) {
    file.warn('the lines end as in DOS (CR LF), which iptables-restore refuses; they are read as if they did not')
  }
  lines.forEach((line, index) => {
    file.line(line.endsWith('\r') ? line.slice(0, -1) : line, index + 1)
  })
  return file.finish(lines.length)
}

class RulesetReader {
  readonly #file: string
  readonly #family: Family
  readonly #labels: LabelNames | null
  readonly #tables = new Map<string, Table>()
  readonly #warnings = new Set<string>()
  readonly #errors: LocatedError[] = []
  readonly #refused = new RefusedLines()
  /** Warnings given so far, repeated ones included. */
  #warned = 0
  readonly #extensions = new ExtensionCache(() => this.#warned)
  #table: TableBuilder | null = null
  #scope: RuleScope | null = null
  /** Tables made by commands outside `*table` and COMMIT. */
  readonly #commanded = new Map<TableName, TableBuilder>()
  #tableFailed = false
  /** Its lines up to COMMIT are skipped: they are right or wrong for a table that nobody knows. */
  #isInUnknownTable = false
  /** The first line names a shell, so that lines which are no commands are its language. */
  #isScript = false
  /** The file is not of iptables-save (foreign-forms.ts): errors in its other lines would say nothing more. */
  #isForeign = false
  /** Lines outside of tables, up to the next table, are one error. */
  #isOutsideTold = false
  /** The machine has rules that iptables-save could not put into the file. */
  #omitsRules = false

  constructor(file: string, family: Family, labels: LabelNames | null) {
    this.#file = file
    this.#family = family
    this.#labels = labels
  }

  readonly warn = (text: string): void => {
    this.#warned++
    this.#warnings.add(`${this.#file}: ${text}`)
  }

  line(text: string, line: number): void {
    if (this.#errors.length >= ERRORS_MAX || this.#isForeign) return
    const isInTable = this.#table !== null
    try {
      this.#readLine(text, line)
      this.#refused.taken(text)
    } catch (error) {
      // A table as a whole is refused at COMMIT, for one of the lines above.
      const isOfLine = error instanceof Refusal && error.line === line && !this.#isForeign
      this.#note(isOfLine ? this.#explained(error, text, isInTable) : error)
    }
  }

  #explained(refusal: Refusal, text: string, isInTable: boolean): Refusal | null {
    return isInTable ? this.#refused.refused(refusal, text) : refusedCommand(refusal, text)
  }

  /** null: nothing to say. */
  #note(error: unknown): void {
    if (error === null) return
    if (!(error instanceof Refusal)) throw error
    if (this.#errors.length >= ERRORS_MAX) return
    const { line, column, message: text } = error
    const otherFamily = error instanceof OtherFamilyRefusal ? { isOfOtherFamily: true } : {}
    this.#errors.push({ file: this.#file, line, column, text, ...otherFamily })
    this.#tableFailed = true
  }

  #readLine(text: string, line: number): void {
    if (text === '') return
    if (this.#isInUnknownTable && !text.startsWith('*')) {
      this.#isInUnknownTable = text.trim() !== 'COMMIT'
      return
    }
    if (text.startsWith('#')) {
      this.#comment(text, line)
      return
    }
    const trimmed = text.trim()
    if (trimmed === '') {
      this.warn(`line ${line}: only spaces, which iptables-restore refuses; taken for an empty line`)
      return
    }
    if (text.startsWith('*')) this.#openTable(trimmed.slice(1).trim().split(/[ \t]/)[0], line)
    else if (!this.#table && isTableName(trimmed)) {
      this.#note(new Refusal({ line, column: 1 }, `a table begins with its name after *; write *${trimmed}`))
      this.#openTable(trimmed, line)
    } else if (!this.#table) this.#shellLine(text, line)
    else if (trimmed === 'COMMIT') {
      if (text !== 'COMMIT') this.warn(`line ${line}: spaces around COMMIT, which iptables-restore refuses`)
      this.#commit(this.#table)
    } else if (/^COMMIT\b/i.test(trimmed)) {
      const fault = `"${trimmed}" does not close the table`
      this.#note(new Refusal({ line, column: 1 }, `${fault}; write COMMIT, in capitals and alone on the line`))
      this.#commit(this.#table)
    } else if (text.startsWith(':')) this.#declareChain(this.#table, text, line)
    else this.#ruleLine(this.#table, text, line)
  }

  #comment(text: string, line: number): void {
    if (line === 1) this.#isScript = namesShell(text)
    const omission = omissionIn(text)
    if (omission === null) return
    this.#omitsRules = true
    this.warn(`line ${line}: ${omission}`)
  }

  #openTable(name: string, line: number): void {
    this.#isInUnknownTable = false
    this.#isOutsideTold = false
    const at = { line, column: 2 }
    if (this.#commanded.size > 0) {
      throw new Refusal(at, 'commands stand above; give either commands or tables, not both in one file')
    }
    if (this.#table) {
      this.#note(new Refusal(at, `the table ${this.#table.name} is still open; close it with COMMIT`))
      this.#commit(this.#table)
    }
    if (!isTableName(name)) {
      this.#isInUnknownTable = true
      throw new Refusal(at, unknownTable(name))
    }
    this.#table = new TableBuilder(name, line, false)
    this.#tableFailed = false
  }

  #commit(builder: TableBuilder): void {
    const table = builder.finish()
    this.#table = null
    if (!this.#tableFailed) {
      checkTable(table)
      checkEstimators(table, [...this.#tables.values()])
    }
    if (this.#tables.has(table.name)) {
      this.warn(`line ${table.line}: the table ${table.name} stands here again; what it said before is gone`)
      this.#tables.delete(table.name)
    }
    this.#tables.set(table.name, table)
  }

  #declareChain(table: TableBuilder, text: string, line: number): void {
    // Quotes have no meaning in this line.
    const [name, policy, counters, extra] = [...text.slice(1).matchAll(/[^ \t]+/g)].map(
      (word): Token => ({ text: word[0], line, column: word.index + 2 }),
    )
    const at = { line, column: 1 }
    if (!name || !policy) throw new Refusal(at, 'a chain is declared as ":NAME POLICY [packets:bytes]"')
    if (extra) this.warn(`line ${line}: "${extra.text}" stands after the chain; iptables-restore ignores it`)
    const counted = counters ? this.#counters(counters.text, line) : null
    if (table.has(name.text) && !table.isBaseChain(name.text)) {
      this.warn(
        `line ${line}: "${name.text}" stands above, too; iptables-nft empties it here, iptables-legacy refuses it`,
      )
    }
    const isMisplaced = policy.text !== '-' && !table.isBaseChain(name.text)
    if (isMisplaced) {
      this.warn(`line ${line}: "${name.text}" is no base chain and has no policy; iptables-legacy refuses one, write -`)
    }
    table.declare(name, isMisplaced ? { ...policy, text: '-' } : policy, counted, `:${name.text} ${policy.text}`)
  }

  #ruleLine(table: TableBuilder, text: string, line: number): void {
    const prefix = /^(\[[^\]:]*:[^\]]*\])\s*/.exec(text)
    const counters = prefix ? this.#counters(prefix[1], line) : null
    if (!prefix && text.startsWith('[')) {
      throw new Refusal({ line, column: 1 }, 'the counters are not closed or lack one; write [packets:bytes]')
    }
    const start = prefix ? prefix[0].length : 0
    const rule = text.slice(start)
    const tokens = tokenize(rule, line, start + 1)
    if (tokens.length === 0)
      throw new Refusal({ line, column: 1 }, 'counters without a rule; write -A CHAIN after them')
    if (tokens.length > WORDS_MAX) {
      throw new Refusal(tokens[WORDS_MAX], `the line has more than ${WORDS_MAX} words; make several rules of it`)
    }
    this.#apply(table, tokens, rule.trim(), counters)
  }

  /** `[packets:bytes]`; other words are ignored, as by iptables-restore without -c. */
  #counters(text: string, line: number): Counters | null {
    const [, packets, bytes] = /^\[([^:]*):(.*)$/.exec(text) ?? []
    const counters = packets === undefined ? null : parseCounters(packets, bytes)
    if (!counters) this.warn(`line ${line}: "${text}" are not counters and left out; they are written [packets:bytes]`)
    return counters
  }

  #apply(table: TableBuilder, tokens: readonly Token[], text: string, counters: Counters | null): void {
    const parsed = parseRuleLine(tokens, text, counters, this.#scopeOf(table))
    if (parsed) table.apply(parsed)
  }

  /** Kept for the following lines, which mostly belong to the same table. */
  #scopeOf(table: TableBuilder): RuleScope {
    if (this.#scope?.chains !== table) {
      this.#scope = {
        family: this.#family,
        table: table.name,
        labels: this.#labels,
        chains: table,
        warn: this.warn,
        extensions: this.#extensions,
      }
    }
    return this.#scope
  }

  /** `iptables -t nat -A …`, or `-A …` as iptables -S prints it, without a table around it. */
  #shellLine(text: string, line: number): void {
    const advice = adviceFor(text)
    if (advice !== null) {
      this.#isForeign = true
      throw new Refusal({ line, column: 1 }, advice)
    }
    const command = this.#shellCommand(text, line)
    if (!command) {
      if (this.#isOutsideTold) return
      this.#isOutsideTold = true
      const instead = 'begin a table with *filter, or give what iptables-save prints'
      throw new Refusal({ line, column: 1 }, `this stands outside of a table; ${instead}`)
    }
    if (this.#tables.size > 0) {
      throw new Refusal({ line, column: 1 }, 'tables stand above; write this into the one that it belongs to')
    }
    if (command.family !== null && command.family !== this.#family) {
      this.warn(
        `commands of ${command.family === 'ipv6' ? 'ip6tables' : 'iptables'} are for the other family; left out`,
      )
      return
    }
    this.warn('the rules are commands, not what iptables-save prints; what other commands did before is not known')
    let table = this.#commanded.get(command.table)
    if (!table) {
      table = new TableBuilder(command.table, line, true)
      this.#commanded.set(command.table, table)
    }
    this.#apply(table, command.tokens, text.trim(), null)
  }

  /** null where the line is no command. */
  #shellCommand(text: string, line: number): ShellLine | null {
    if (!this.#isScript) return readShellLine(text, line)
    let command: ShellLine | null = null
    let at = { line, column: 1 }
    try {
      command = readShellLine(text, line)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      at = error
    }
    if (command) return command
    this.#isForeign = true
    throw new Refusal(at, SHELL_SCRIPT)
  }

  finish(lastLine: number): ParsedRuleset {
    if (this.#table && this.#errors.length < ERRORS_MAX) {
      const text = `the table ${this.#table.name} is not closed; write COMMIT after its rules`
      this.#note(new Refusal({ line: lastLine, column: 1 }, text))
    }
    for (const builder of this.#commanded.values()) {
      try {
        this.#commit(builder)
      } catch (error) {
        this.#note(error)
      }
    }
    if (this.#errors.length > 0) throw new RulesetError(this.#errors)
    if (this.#tables.size === 0) {
      this.warn(
        this.#omitsRules
          ? 'it holds no table, so that it does not say what the machine drops'
          : 'it holds no table, so nothing is dropped; iptables-save prints none where no rules are loaded, or without root',
      )
    }
    return { family: this.#family, file: this.#file, tables: [...this.#tables.values()], warnings: [...this.#warnings] }
  }
}
