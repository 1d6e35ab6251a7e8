import { closest } from '../ruleset/text/closest.ts'

/** `; did you mean 'x'?` for a word that looks like a known one misspelt, else nothing. */
export function nearest(word: string, known: readonly string[]): string {
  const best = closest(word, known)
  return best === null ? '' : didYouMean(best)
}

export function didYouMean(meant: string): string {
  return `; did you mean '${meant}'?`
}
