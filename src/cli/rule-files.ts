import type { TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import { printable } from '../report/text.ts'
import {
  type Fingerprint,
  type LabelNames,
  type ParsedRuleset,
  parseFingerprints,
  parseLabelNames,
  parseRuleset,
  parseSets,
  parseTimeoutPolicies,
  type SetDefinition,
} from '../ruleset/index.ts'
import type { Family } from '../ruleset/rule-environment.ts'
import { UsageError } from './exit-codes.ts'
import { readText, readUnmarkedText } from './input-texts.ts'
import { familyOf } from './ruleset-family.ts'

/** The options that name the files besides the rules, the same for all commands. */
export const RULE_FILE_OPTIONS = {
  ipset: { string: true, describe: 'The sets that rules name, as ipset save prints them; may be repeated' },
  'timeout-policies': { string: true, describe: 'The policies of -j CT --timeout, as nfct list timeout prints them' },
  connlabels: { string: true, describe: 'The names that -m connlabel uses: connlabel.conf' },
  fingerprints: { string: true, describe: 'What -m osf knows SYNs by: pf.os, as nfnl_osf -f loads it' },
} as const

/**
 * @param family null: the file tells (familyOf)
 * @throws UsageError when the file cannot be read; RulesetError
 */
export function readRuleset(path: string, family: Family | null, labels: LabelNames | null): ParsedRuleset {
  const text = readText(path, 'the rules')
  return parseRuleset(text, path, family ?? familyOf(path, text), labels)
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
export function readTimeoutPolicies(path: string | undefined): TimeoutPolicy[] | undefined {
  return path === undefined ? undefined : parseTimeoutPolicies(readUnmarkedText(path, 'the timeout policies'), path)
}

/** @param path of pf.os; @throws UsageError when the file cannot be read; RulesetError */
export function readFingerprints(path: string | undefined): Fingerprint[] | undefined {
  return path === undefined ? undefined : parseFingerprints(readUnmarkedText(path, 'the fingerprints'), path)
}

/** @param path of connlabel.conf; @throws UsageError when the file cannot be read */
export function readLabelNames(path: string | undefined): LabelNames | null {
  return path === undefined ? null : parseLabelNames(readUnmarkedText(path, 'the names of labels'), path)
}
