/** A comment by which iptables-save tells that the machine has more rules than it prints. */
interface Omission {
  readonly comment: RegExp
  /** What it means, by what the comment names. */
  readonly meaning: (named: string) => string
}

const NOT_ALL = 'these rules are not all that the machine has (nft list ruleset prints all)'

const OMISSIONS: readonly Omission[] = [
  {
    comment: /^# Table `([^']+)' is incompatible, use 'nft' tool/,
    meaning: (table) => `iptables-save could not print table ${table}, which nft rules use too; ${NOT_ALL}`,
  },
  {
    comment: /^# Table `([^']+)' contains incompatible base-chains, use 'nft' tool/,
    meaning: (table) => `iptables-save left out chains of table ${table} that nft made; ${NOT_ALL}`,
  },
  {
    comment: /^# Warning: (ip6?tables)-legacy tables present, use /,
    meaning: (program) =>
      `the machine also has ${program}-legacy rules; they are not in this file (${program}-legacy-save prints them)`,
  },
]

/** What iptables-save says in this comment that it left out; null for any other comment. */
export function omissionIn(comment: string): string | null {
  for (const { comment: form, meaning } of OMISSIONS) {
    const found = form.exec(comment)
    if (found) return meaning(found[1])
  }
  return null
}
