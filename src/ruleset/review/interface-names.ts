/** What is known of an interface: its name is this, or begins so; or is not, or does not. */
export interface NameFact {
  readonly field: 'inInterface' | 'outInterface'
  readonly name: string
  readonly prefix: boolean
  readonly negated: boolean
}

/** True when `known` leaves no name for which `asked` would not hold. */
export function nameFollows(known: NameFact, asked: NameFact): boolean {
  if (known.field !== asked.field) return false
  if (!asked.negated) return !known.negated && isWithin(known, asked)
  // "Not these" follows from others, and from "not those" where those are more.
  return known.negated ? isWithin(asked, known) : areApart(known, asked)
}

/** True when no name fits both. */
export function namesExclude(one: NameFact, other: NameFact): boolean {
  return nameFollows(one, { ...other, negated: !other.negated })
}

/** All names of the one are names of the other. */
function isWithin(one: NameFact, other: NameFact): boolean {
  return other.prefix ? one.name.startsWith(other.name) : !one.prefix && one.name === other.name
}

function areApart(one: NameFact, other: NameFact): boolean {
  return !isWithin(one, other) && !isWithin(other, one)
}
