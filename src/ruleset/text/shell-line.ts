import type { Family } from '../packet/rule-environment.ts'
import type { TableName } from '../ruleset.ts'
import { isTableName } from '../tables.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'
import { unknownTable } from './unknown-table.ts'

/** A line as people type it: `iptables -t nat -A POSTROUTING …`, or without the program, as `iptables -S` prints it. */
export interface ShellLine {
  /** null where the line does not name the program. */
  readonly family: Family | null
  readonly table: TableName
  /** The remaining words, for the rule. */
  readonly tokens: readonly Token[]
}

const PROGRAM = /^(?:.*\/)?(ip6?tables)(?:-legacy|-nft)?$/
/** Characters that a shell would expand. */
const EXPANDED = new Set(['$', '`', '*', '?', '~'])
const OPERATORS = new Set(['|', '&', ';', '<', '>', '(', ')'])
const INSTEAD = 'run the script, and give what iptables-save prints then'

/** null where the line is not a command. @throws Refusal where only a shell could interpret it */
export function readShellLine(source: string, line: number): ShellLine | null {
  if (!/^\s*(-[A-Z-]|(sudo\s+)?\S*ip6?tables)/.test(source)) return null
  const tokens = shellWords(source, line)
  if (tokens[0]?.text === 'sudo') tokens.shift()
  const named = PROGRAM.exec(tokens[0]?.text ?? '')
  if (named) tokens.shift()
  else if (!tokens[0]?.text.startsWith('-')) return null
  const table = takeTable(tokens)
  takeWait(tokens)
  if (tokens.length === 0) throw new Refusal({ line, column: 1 }, 'the command does nothing; take it away')
  return { family: named ? (named[1] === 'ip6tables' ? 'ipv6' : 'ipv4') : null, table, tokens }
}

function takeTable(tokens: Token[]): TableName {
  const at = tokens.findIndex(({ text }) => /^(-t.*|--table(=.*)?)$/.test(text))
  if (at < 0) return 'filter'
  const option = tokens[at]
  const attached = option.text.startsWith('--') ? option.text.slice('--table='.length) : option.text.slice('-t'.length)
  const name = attached === '' ? tokens[at + 1]?.text : attached
  if (name === undefined || !isTableName(name)) throw new Refusal(option, unknownTable(name ?? ''))
  tokens.splice(at, attached === '' ? 2 : 1)
  return name
}

/** `-w [seconds]`: iptables waits for other programs that change the rules. */
function takeWait(tokens: Token[]): void {
  const at = tokens.findIndex(({ text }) => text === '-w' || text === '--wait')
  if (at >= 0) tokens.splice(at, /^[0-9]+$/.test(tokens[at + 1]?.text ?? '') ? 2 : 1)
}

/** Splits as a shell does: both kinds of quotes, backslashes, and a comment after the command. */
function shellWords(source: string, line: number): Token[] {
  const words: Token[] = []
  let text = ''
  let start = -1
  let quote = ''
  for (let at = 0; at <= source.length; at++) {
    const char = source[at]
    const place = { line, column: at + 1 }
    if (char === undefined && quote !== '') {
      throw new Refusal({ line, column: start + 1 }, `a quote is opened and never closed; add a closing ${quote}`)
    }
    if (quote === '' && (char === undefined || char === ' ' || char === '\t')) {
      if (start >= 0) words.push({ text, line, column: start + 1 })
      text = ''
      start = -1
      continue
    }
    if (quote === '' && start < 0 && char === '#') break
    if (start < 0) start = at
    if (char === quote) quote = ''
    else if (quote === "'") text += char
    else if (char === '\\') {
      if (at + 1 >= source.length) throw new Refusal(place, 'the command goes on below; write it on one line')
      text += quote === '' || /["\\$`]/.test(source[at + 1]) ? source[++at] : char
    } else if (char === '$' || char === '`' || (quote === '' && EXPANDED.has(char))) {
      throw new Refusal(place, `only a shell knows what "${char}" stands for here; ${INSTEAD}`)
    } else if (quote !== '') text += char
    else if (OPERATORS.has(char)) throw new Refusal(place, `"${char}" is for a shell; ${INSTEAD}`)
    else if (char === '"' || char === "'") quote = char
    else text += char
  }
  return words
}
