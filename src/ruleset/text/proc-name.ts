import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** A name under which the kernel makes a file in /proc. */
export function procName(token: Token, longest: number): string {
  const { text } = token
  if (text === '' || text === '.' || text === '..' || text.includes('/')) {
    throw new Refusal(token, `"${text}" cannot be a name here; the kernel makes a file of this name`)
  }
  if (text.length > longest) throw new Refusal(token, `the name is too long; write at most ${longest} characters`)
  return text
}
