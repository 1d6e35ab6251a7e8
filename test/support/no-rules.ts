import { ONE_FLAG_CLASS } from '../../src/ruleset/evaluate/flag-classes.ts'
import type { CompiledRuleset } from '../../src/ruleset/ruleset.ts'

/** A ruleset without tables. */
export const NO_RULES: CompiledRuleset = {
  family: 'ipv4',
  rules: [],
  interfaceNames: [],
  tablesAt: () => [],
  natAt: () => null,
  packets: () => 0,
  bytes: () => 0,
  count: () => {},
  flagClasses: ONE_FLAG_CLASS,
  classes: null,
  classCalls: [],
  actsBeforeTracker: false,
  sharing: null,
  unknownReason: () => '',
  countsConnections: false,
  warnings: [],
}
