/** What a line does. `show` commands only print; `other` commands are refused. */
export type SetCommand = 'create' | 'add' | 'del' | 'flush' | 'destroy' | 'rename' | 'swap' | 'show' | 'other'

/** Names of commands. Long names may be shortened or have `--` before them; the first that matches is used. */
const COMMANDS: readonly (readonly [SetCommand, readonly string[]])[] = [
  ['create', ['create', 'new', '-N']],
  ['add', ['add', '-A']],
  ['del', ['del', '-D']],
  ['other', ['test', '-T']],
  ['destroy', ['destroy', 'x', '-X']],
  ['show', ['list', '-L']],
  ['show', ['save', '-S']],
  ['other', ['restore', '-R']],
  ['flush', ['flush', '-F']],
  ['rename', ['rename', 'e', '-E']],
  ['swap', ['swap', 'w', '-W']],
  ['other', ['help', '-H']],
  ['other', ['version', '-V']],
  // ipset sends lines in bundles; at `quit` it loses the lines of an unfinished bundle.
  ['other', ['quit']],
]

/** More words than any line has. */
const MANY = 2 ** 20

/** Fewest and most arguments of a command. Where `most` is MANY, the command checks further words itself. */
export const WORDS_OF: Readonly<Record<SetCommand, { readonly least: number; readonly most: number }>> = {
  create: { least: 2, most: MANY },
  add: { least: 2, most: MANY },
  del: { least: 2, most: MANY },
  flush: { least: 0, most: 1 },
  destroy: { least: 0, most: 1 },
  rename: { least: 2, most: 2 },
  swap: { least: 2, most: 2 },
  show: { least: 0, most: 1 },
  other: { least: 0, most: MANY },
}

/** Words already looked up: a file repeats few words many times. */
const FOUND = new Map<string, SetCommand>()

/** The command of a word; null if there is none. */
export function commandOf(word: string): SetCommand | null {
  const known = FOUND.get(word)
  if (known !== undefined) return known
  const long = word.startsWith('--') ? word.slice(2) : word
  const found = COMMANDS.find(([, names]) =>
    names.some((name) => (name.startsWith('-') ? name === word : long !== '' && name.startsWith(long))),
  )
  if (found) FOUND.set(word, found[0])
  return found?.[0] ?? null
}
