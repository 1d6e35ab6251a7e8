import type { ParsedRuleset } from './rule.ts'

/** Lines of the rules that ask for the time in the kernel's time zone. */
export function kernelZoneLines({ tables }: ParsedRuleset): number[] {
  const rules = tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules))
  return rules
    .filter(({ matches }) => matches.some(({ match }) => match.asksForKernelZone))
    .map(({ line }) => line)
    .sort((a, b) => a - b)
}
