import { counted } from '../netfilter/count-text.ts'
import { cellsOf } from '../report/cells.ts'
import { cut, type Paint, printable } from '../report/text.ts'
import type { RulesetError } from '../ruleset/index.ts'
import { textRead } from './input-texts.ts'

/** Errors of one ruleset that are shown. */
const SHOWN = 10
/** Columns shown of the line with the error, around its place. */
const SOURCE_WIDTH = 76

/** Every error with the line of the file and a caret below the place. */
export function rulesetErrorText(error: RulesetError, paint: Paint): string {
  const sources = new Map<string, string[]>()
  const sourceLine = (file: string, line: number): string => {
    let lines = sources.get(file)
    if (lines === undefined) {
      lines = textRead(file).split('\n')
      sources.set(file, lines)
    }
    return lines[line - 1] ?? ''
  }
  const parts = error.errors.slice(0, SHOWN).map(({ file, line, column, text }) => {
    const head = `${paint('bold', `${printable(file)}:${line}:${column}:`)} ${paint('red', 'error:')} ${printable(text)}`
    const source = sourceLine(file, line).trimEnd()
    return source === '' ? head : `${head}\n${excerpt(source, column, paint)}`
  })
  const rest = error.errors.length - SHOWN
  return [...parts, ...(rest > 0 ? [`… and ${counted(rest, 'more error')}`] : [])].join('\n')
}

/** The part of the line around the column that fits, and a caret. */
function excerpt(source: string, column: number, paint: Paint): string {
  const from = column > SOURCE_WIDTH - 16 ? column - 40 : 0
  const before = printable(source.slice(from, column - 1))
  const shown = cut(`${from > 0 ? '…' : ''}${before}${printable(source.slice(column - 1))}`, SOURCE_WIDTH)
  return `  ${shown}\n  ${' '.repeat(cellsOf(before) + (from > 0 ? 1 : 0))}${paint('red', '^')}`
}
