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
  RulesetError,
  type SetDefinition,
} from '../ruleset/index.ts'
import type { Family } from '../ruleset/packet/rule-environment.ts'
import { UsageError } from './exit-codes.ts'
import { readText, readUnmarkedText } from './input-texts.ts'
import { familyOf, writtenFamily } from './ruleset-family.ts'

/** The options that name the files besides the rules, the same for all commands. */
export const RULE_FILE_OPTIONS = {
  ipset: { string: true, describe: 'The sets that rules name, as ipset save prints them; may be repeated' },
  'timeout-policies': { string: true, describe: 'The policies of -j CT --timeout, as nfct list timeout prints them' },
  connlabels: { string: true, describe: 'The names that -m connlabel uses: connlabel.conf' },
  fingerprints: { string: true, describe: 'What -m osf knows SYNs by: pf.os, as nfnl_osf -f loads it' },
} as const

/** How rules of a family are given to a replay. */
const REPLAYED: Readonly<Record<Family, string>> = { ipv4: 'with --rules', ipv6: 'with --rules6' }

/**
 * @param family null: the file tells (familyOf)
 * @param given how rules of each family are given, for messages
 * @throws UsageError when the file cannot be read; RulesetError
 */
export function readRuleset(
  path: string,
  family: Family | null,
  labels: LabelNames | null,
  given = REPLAYED,
): ParsedRuleset {
  const text = readText(path, 'the rules')
  const read = family ?? familyOf(path, text)
  const parsed = parsedAs(read, text, path, labels, given)
  const written = writtenFamily(text)
  if (written === null || written.family === read) return parsed
  const program = written.family === 'ipv6' ? 'ip6tables' : 'iptables'
  const warning = `${path}: line ${written.line}: ${program}-save wrote this file; give it ${given[written.family]}`
  return { ...parsed, warnings: [warning, ...parsed.warnings] }
}

/** Where a file has errors because it is of the other family, they say how to give it. */
function parsedAs(
  family: Family,
  text: string,
  path: string,
  labels: LabelNames | null,
  given: typeof REPLAYED,
): ParsedRuleset {
  try {
    return parseRuleset(text, path, family, labels)
  } catch (error) {
    if (!(error instanceof RulesetError)) throw error
    const told = familyOf(path, text)
    if (told === family) throw error
    const advised = (said: string): string => `${said.slice(0, said.lastIndexOf('; '))}; give this file ${given[told]}`
    throw new RulesetError(error.errors.map((one) => (one.isOfOtherFamily ? { ...one, text: advised(one.text) } : one)))
  }
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
