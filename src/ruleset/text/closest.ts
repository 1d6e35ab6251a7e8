/** The known word with the smallest edit distance; null where all are too far away. */
export function closest(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.floor(word.length / 3) + 1
  for (const candidate of known) {
    // They differ by as many letters at the least, which spares long words most of the work.
    if (Math.abs(candidate.length - word.length) >= bestDistance && !candidate.startsWith(word)) continue
    const distance = candidate.startsWith(word) && word.length > 2 ? 0 : editDistance(word, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * Optimal string alignment distance: how many letters must be added, dropped or changed, or neighbouring letters
 * exchanged.
 */
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const change = last[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)
      const isExchange = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const exchange = isExchange ? beforeLast[j - 2] + 1 : change
      row.push(Math.min(change, last[j] + 1, row[j - 1] + 1, exchange))
    }
    beforeLast = last
    last = row
  }
  return last[other.length]
}

const LETTER = /^[a-z]/i

/** Advice for a word that is not known: the known word that was probably meant, in any case of letters. */
export function meantBy(word: string, known: Iterable<string>, otherwise: string): string {
  if (!LETTER.test(word)) return otherwise
  const byLower = new Map([...known].map((name) => [name.toLowerCase(), name]))
  const same = byLower.get(word.toLowerCase())
  if (same !== undefined) return `write ${same}`
  const meant = closest(word.toLowerCase(), [...byLower.keys()])
  return meant === null ? otherwise : `did you mean ${byLower.get(meant)}?`
}
