/** East Asian wide and full-width characters, and pictures (the ranges of Unicode's EastAsianWidth.txt, roughly). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
/** Marks above or below the character before them. */
const COMBINING = /[\p{Mn}\p{Me}]/u

/** How many cells of a terminal a text takes. */
export function cellsOf(text: string): number {
  let cells = 0
  for (const character of text) cells += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return cells
}
