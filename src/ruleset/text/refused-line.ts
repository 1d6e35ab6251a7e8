import type { FindMisreading, Misreading } from './misreading.ts'
import { templateAt, variableAt } from './placeholders.ts'
import { OtherFamilyRefusal, Refusal } from './ruleset-error.ts'
import { commentAt, continuationAt, isContinued, programAt, quotesAt } from './shell-habits.ts'
import { oddSpaceAt, oddWordAt, oneDashAt } from './word-forms.ts'

/** What is wrong in commands, too. Here and below in the order in which they are looked for. */
const IN_COMMANDS: readonly FindMisreading[] = [oddSpaceAt, lostOptionsAt, templateAt, oneDashAt, oddWordAt]

/** What only a shell takes for right. */
const IN_TABLES: readonly FindMisreading[] = [
  programAt,
  commentAt,
  quotesAt,
  continuationAt,
  variableAt,
  ...IN_COMMANDS,
  firstWordAt,
]

/** Nobody writes longer lines, and to look for their faults would take long. */
const LONGEST = 4096

/** What begins a line of its own, whatever the line above ends with. */
const BEGINNING = /^[ \t]*(?:[:*#]|(?:\[[^\]]*\][ \t]*)?-[A-Z])/

/**
 * Lines of a table that were refused: what they were meant for explains more than the first word that has no meaning.
 * Lines that iptables-restore takes are never asked about, as strange as they may look.
 */
export class RefusedLines {
  /** Whether the line above goes on here by its last character, and that was told. */
  #above: 'ended' | 'continued' | 'told' = 'ended'

  /** For a line that is in order. */
  taken(source: string): void {
    this.#above = isContinued(source) && !source.startsWith('#') ? 'continued' : 'ended'
  }

  /** For one that is not: the refusal that says most; null where it was said for the line above. */
  refused(refusal: Refusal, source: string): Refusal | null {
    const above = BEGINNING.test(source) ? 'ended' : this.#above
    this.#above = isContinued(source) ? 'told' : 'ended'
    if (above === 'told') return null
    if (above === 'continued') {
      const text = 'the line above ends in a backslash, and iptables-restore knows no continuation lines'
      return new Refusal(refusal, `${text}; write both as one`)
    }
    return explained(refusal, source, IN_TABLES)
  }
}

/** The refusal that says most of a command of a shell. */
export function refusedCommand(refusal: Refusal, source: string): Refusal {
  return explained(refusal, source, IN_COMMANDS)
}

function explained(refusal: Refusal, source: string, finders: readonly FindMisreading[]): Refusal {
  if (refusal instanceof OtherFamilyRefusal || source.length > LONGEST) return refusal
  for (const find of finders) {
    const found = find(source, refusal.column)
    if (found) return new Refusal({ line: refusal.line, column: found.column }, found.text)
  }
  return refusal
}

/** What iptables-save prints in the place of options of a revision that it does not know. */
function lostOptionsAt(source: string, column: number): Misreading | null {
  if (!source.startsWith('[unsupported revision]', column - 1)) return null
  const name = source
    .slice(0, column - 1)
    .trim()
    .split(/[ \t]+/)
    .at(-1)
  const what = `the iptables-save that wrote the file did not know this revision of ${name}`
  return { column, text: `${what}, so that the rule's options are lost; save the rules again with a newer iptables` }
}

/** A line that begins with no option at all. A dash of typography is told of by stray-word.ts. */
function firstWordAt(source: string, column: number): Misreading | null {
  const [, indent, word] = /^([ \t]*)([^-\u2010-\u2015\u2212:*![ \t][^ \t]*)/.exec(source) ?? []
  if (word === undefined || column !== indent.length + 1) return null
  const text = `"${word}" begins no line of iptables-restore; begin a rule with -A CHAIN, a comment with #`
  return { column, text }
}
