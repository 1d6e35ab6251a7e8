import type { TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import { counted } from '../netfilter/count-text.ts'
import { cut, type Paint, printable } from '../report/text.ts'
import {
  type Fingerprint,
  type LabelNames,
  type ParsedRuleset,
  parseFingerprints,
  parseLabelNames,
  parseRuleset,
  parseSets,
  parseTimeoutPolicies,
  type RulesetError,
  type SetDefinition,
} from '../ruleset/index.ts'
import type { Family } from '../ruleset/rule-environment.ts'
import { UsageError } from './exit-codes.ts'
import { readText, readUnmarkedText, textRead } from './input-texts.ts'

/** Errors of one ruleset that are shown. */
const SHOWN = 10
/** Columns shown of the line with the error, around its place. */
const SOURCE_WIDTH = 76

/** @throws UsageError when the file cannot be read; RulesetError */
export function readRuleset(path: string, family: Family, labels: LabelNames | null): ParsedRuleset {
  return parseRuleset(readText(path, 'the rules'), path, family, labels)
}

/**
 * The sets of all files together.
 * @throws UsageError when a file cannot be read or a set is defined in two of them; RulesetError
 */
export function readSets(paths: readonly string[]): SetDefinition[] {
  const from = new Map<string, string>()
  return paths.flatMap((path) => {
    const sets = parseSets(readUnmarkedText(path, 'the sets'), path)
    for (const { name } of sets) {
      const other = from.get(name)
      if (other !== undefined) {
        throw new UsageError(`--ipset ${printable(path)}: the set "${name}" stands in ${printable(other)}, too`)
      }
      from.set(name, path)
    }
    return sets
  })
}

/** @throws UsageError when the file cannot be read; RulesetError */
export function readTimeoutPolicies(path: string): TimeoutPolicy[] {
  return parseTimeoutPolicies(readUnmarkedText(path, 'the timeout policies'), path)
}

/** @param path of pf.os; @throws UsageError when the file cannot be read; RulesetError */
export function readFingerprints(path: string | undefined): Fingerprint[] | undefined {
  return path === undefined ? undefined : parseFingerprints(readUnmarkedText(path, 'the fingerprints'), path)
}

/** @param path of connlabel.conf; @throws UsageError when the file cannot be read */
export function readLabelNames(path: string | undefined): LabelNames | null {
  return path === undefined ? null : parseLabelNames(readUnmarkedText(path, 'the names of labels'), path)
}

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
  return `  ${shown}\n  ${' '.repeat([...before].length + (from > 0 ? 1 : 0))}${paint('red', '^')}`
}
