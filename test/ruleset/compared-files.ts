import { parseRuleset, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import { savedFiles } from './iptables-tools.ts'

/** Chains, rules and counters, or null where the file is refused; and what was warned of. */
function ours(text: string, family: Family): { saved: string | null; warnings: readonly string[] } {
  try {
    const ruleset = parseRuleset(text, 'rules', family)
    return { saved: contentOf(printRuleset(ruleset, { counters: true })), warnings: ruleset.warnings }
  } catch (error) {
    if (error instanceof RulesetError) return { saved: null, warnings: [] }
    throw error
  }
}

function contentOf(saved: string): string {
  return saved
    .split('\n')
    .filter((line) => /^[:[]/.test(line))
    .join('\n')
}

interface ComparedFiles {
  /** Files that we take, refuse or print otherwise. With a warning we may take what the tools refuse. */
  readonly differing: readonly unknown[]
  /** By the tools. */
  readonly taken: number
}

/** Whole files for the table filter, by us and by `iptables-legacy-restore -c`. */
export function compareFiles(files: readonly string[], family: Family): ComparedFiles {
  const theirs = savedFiles(files, family)
  const differing = files.flatMap((text, at) => {
    const saved = theirs[at] === null ? null : contentOf(theirs[at])
    const { saved: mine, warnings } = ours(text, family)
    const isLenient = saved === null && warnings.length > 0
    return mine === saved || isLenient ? [] : [{ text, ours: without(mine, saved), theirs: without(saved, mine) }]
  })
  return { differing, taken: theirs.filter((saved) => saved !== null).length }
}

/** What the other has not. */
function without(saved: string | null, other: string | null): string[] | null {
  return saved === null ? null : saved.split('\n').filter((line) => !other?.split('\n').includes(line))
}
