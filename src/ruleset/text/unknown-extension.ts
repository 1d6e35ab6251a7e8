import { MATCHES } from '../matches/registry.ts'
import type { Family } from '../packet/rule-environment.ts'
import { TARGETS } from '../targets/registry.ts'
import { STANDARD_TARGETS } from '../targets/standard.ts'
import { meantBy } from './closest.ts'
import { refusalOfForeignMatch, refusalOfForeignTarget } from './foreign-extensions.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** For a name after `-m` that is no match. */
export function unknownMatch(at: Token, family: Family): Refusal {
  const foreign = refusalOfForeignMatch(at.text)
  if (foreign !== null) return new Refusal(at, foreign)
  const instead = meantBy(at.text, namesOf(MATCHES, family), 'take the rule out or say it otherwise')
  return new Refusal(at, `the match "${at.text}" is not supported; ${instead}`)
}

/** For a name after `-j` that is neither a target nor a chain. @param chains those that are declared above */
export function unknownTarget(at: Token, family: Family, chains: readonly string[]): Refusal {
  const foreign = refusalOfForeignTarget(at.text)
  if (foreign !== null) return new Refusal(at, foreign)
  const known = [...namesOf(TARGETS, family), ...chains, ...STANDARD_TARGETS]
  const instead = meantBy(at.text, known, chainOrTarget(at.text))
  return new Refusal(at, `"${at.text}" is neither a chain declared above nor a target that is supported; ${instead}`)
}

/** Targets are mostly in capitals, so that such a name need not be that of a chain. */
function chainOrTarget(name: string): string {
  if (name !== name.toUpperCase()) return `declare the chain above, with :${name} - [0:0]`
  const target = 'write what it does if it is a target of another system'
  return `declare it above, with :${name} - [0:0], if it is a chain, or ${target}`
}

interface Named {
  readonly name: string
  readonly family?: Family
}

function namesOf(extensions: readonly Named[], family: Family): string[] {
  return extensions.filter((one) => (one.family ?? family) === family).map(({ name }) => name)
}
