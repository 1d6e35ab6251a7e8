import { identityOf, statsAt } from './file-identity.ts'

/** A warning for each file that is given more than once, even under different names: that is hardly ever meant. */
export function repeatedCaptures(captures: readonly string[]): string[] {
  const namesByFile = new Map<string, string[]>()
  for (const path of captures) {
    const there = statsAt(path)
    if (there?.isFile() !== true) continue
    const names = namesByFile.get(identityOf(there))
    if (names === undefined) namesByFile.set(identityOf(there), [path])
    else names.push(path)
  }
  return [...namesByFile.values()].flatMap((names) => {
    if (names.length === 1) return []
    const [first, ...others] = new Set(names)
    const also = others.length === 0 ? '' : `, also as ${others.join(' and ')}`
    const often = names.length === 2 ? 'twice' : `${names.length} times`
    return [`${first} is given ${often}${also}: each of its packets is replayed ${often}.`]
  })
}
