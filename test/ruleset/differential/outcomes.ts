import { MATCHES } from '../../../src/ruleset/matches/registry.ts'
import type { Family } from '../../../src/ruleset/packet/rule-environment.ts'
import { TARGETS } from '../../../src/ruleset/targets/registry.ts'

/** The kernel has none of them any more: all rules with them are refused. */
const GONE: ReadonlySet<string> = new Set(['CLUSTERIP', 'ULOG'])

/** How often the tools took a rule with an option, and refused one. */
export interface Outcome {
  taken: number
  refused: number
}

/** By `family extension --option`. */
export class Outcomes {
  readonly #all = new Map<string, Outcome>()

  count(family: Family, extension: string, option: string, isTaken: boolean): void {
    const key = `${family} ${extension} --${option}`
    const outcome = this.#all.get(key) ?? { taken: 0, refused: 0 }
    if (isTaken) outcome.taken++
    else outcome.refused++
    this.#all.set(key, outcome)
  }

  /** Options that are in the registries, by every name and in each family, and were not both taken and refused. */
  lacking(): string[] {
    return everyOption().filter((key) => {
      const { taken, refused } = this.#all.get(key) ?? { taken: 0, refused: 0 }
      return taken === 0 || refused === 0
    })
  }

  /** Options that were tried, and that no extension has. */
  unknown(): string[] {
    const known = new Set(everyOption())
    return [...this.#all.keys()].filter((key) => !known.has(key))
  }

  table(): string {
    return [...this.#all].map(([key, { taken, refused }]) => `${key}: ${taken} taken, ${refused} refused`).join('\n')
  }
}

function everyOption(): string[] {
  return [...MATCHES, ...TARGETS]
    .filter(({ name }) => !GONE.has(name))
    .flatMap(({ name, family, options }) =>
      (family ? [family] : ['ipv4', 'ipv6']).flatMap((one) =>
        options.flatMap((spec) => [spec.name, ...(spec.aliases ?? [])].map((option) => `${one} ${name} --${option}`)),
      ),
    )
}
