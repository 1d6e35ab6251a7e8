import { MATCHES } from '../matches/registry.ts'
import { TARGETS } from '../targets/registry.ts'
import { SHORT_OPTIONS } from './generic-options.ts'

/** What is wrong with `-dport`, which is read as `-d port`; null where it would be no option with two dashes either. */
export function oneDash(word: string): string | null {
  if (!/^-[a-z]/.test(word)) return null
  const [name] = word.slice(1).split('=')
  if (name.length < 3 || !isOptionName(name)) return null
  const short = word.slice(0, 2)
  const fault = SHORT_OPTIONS.has(short) ? `is read as ${short} ${word.slice(2)}` : 'has one dash'
  return `${word} ${fault}; write -${word}`
}

/** Whether a match or target has such an option. */
export function isOptionName(name: string): boolean {
  return [...MATCHES, ...TARGETS].some(({ options }) =>
    options.some((spec) => spec.name === name || spec.aliases?.includes(name)),
  )
}
