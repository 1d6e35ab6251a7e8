/** What a line does. `show` are those that print and change nothing. */
export type SetCommand = 'create' | 'add' | 'del' | 'flush' | 'destroy' | 'rename' | 'swap' | 'show' | 'other'

/** Names that a line may begin with, long ones also shortened or behind `--`; the first that fits is meant. */
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
  // What ipset has gathered before it sends a bundle of lines is lost with it.
  ['other', ['quit']],
]

/** More words than a line has. */
const MANY = 2 ** 20

/** Sets and elements that a command needs at least, and takes at most: of more words than these two see its options. */
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

/** What words stand for, once they were looked up: files have few, many times. */
const FOUND = new Map<string, SetCommand>()

/** null where nothing fits. */
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
