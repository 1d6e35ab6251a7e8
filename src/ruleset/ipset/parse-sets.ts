import { type LocatedError, Refusal, RulesetError } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { checkName, readCreate } from './create-line.ts'
import { SetBuilder } from './set-builder.ts'
import { commandOf, type SetCommand, WORDS_OF } from './set-commands.ts'
import type { SetDefinition } from './set-definition.ts'
import { setWords } from './set-words.ts'

const ERRORS_MAX = 20

/**
 * Reads the output of `ipset save`, or any other file for `ipset restore`. As with `ipset -exist restore`, `add` may
 * name elements that the set has, `del` elements that it does not have, and a set may be created twice in the same way.
 * @param fileName for messages
 * @throws RulesetError with all errors, at most 20
 */
export function parseSets(text: string, fileName: string): SetDefinition[] {
  const sets = new SetFile()
  const errors: LocatedError[] = []
  const lines = text.split('\n')
  for (let index = 0; index < lines.length && errors.length < ERRORS_MAX; index++) {
    const line = lines[index].trim()
    if (line === '' || line.startsWith('#') || line === 'COMMIT') continue
    try {
      sets.readLine(setWords(lines[index], index + 1), index + 1)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      errors.push({ file: fileName, line: error.line, column: error.column, text: error.message })
    }
  }
  if (errors.length > 0) throw new RulesetError(errors)
  return sets.definitions
}

/** Runs the lines of a file, which create and change its sets. */
class SetFile {
  readonly #sets = new Map<string, SetBuilder>()

  get definitions(): SetDefinition[] {
    return [...this.#sets].map(([name, set]) => set.definitionAs(name))
  }

  readLine(words: readonly Token[], line: number): void {
    const [verb, ...rest] = words
    if (verb === undefined) throw new Refusal({ line, column: 1 }, 'the line has only options; it needs create or add')
    const command = commandOf(verb.text)
    if (command === null) {
      throw new Refusal(verb, `"${verb.text}" is not a line of ipset save; it has create and add`)
    }
    const { least, most } = WORDS_OF[command]
    if (rest.length < least) throw new Refusal(verb, `${verb.text} needs ${WANTED[command][rest.length]}`)
    if (rest.length > most) throw new Refusal(rest[most], `${verb.text} takes no "${rest[most].text}"; take it out`)
    this.#run(command, words)
  }

  #run(command: SetCommand, words: readonly Token[]): void {
    const [verb, first, second, ...rest] = words
    switch (command) {
      case 'create':
        this.#create(words)
        break
      case 'add':
        this.#find(first).add(second, rest)
        break
      case 'del':
        this.#find(first).remove(second, rest)
        break
      case 'flush':
        for (const set of first ? [this.#find(first)] : this.#sets.values()) set.flush()
        break
      case 'destroy':
        this.#destroy(first ?? null, verb)
        break
      case 'rename':
        this.#rename(first, second)
        break
      case 'swap':
        this.#swap(first, second)
        break
      case 'show':
        if (first) this.#find(first)
        break
      case 'other':
        throw new Refusal(verb, `"${verb.text}" is not for a file; take the line out`)
    }
  }

  #find(name: Token): SetBuilder {
    const set = this.#sets.get(name.text)
    if (set) return set
    throw new Refusal(name, `the set "${name.text}" was not created; put a create line before`)
  }

  #create(words: readonly Token[]): void {
    const [, name] = words
    const created = readCreate(words)
    const there = this.#sets.get(name.text)
    if (!there) this.#sets.set(name.text, new SetBuilder(created, this.#sets))
    else if (!there.isCreatedBy(created)) {
      throw new Refusal(
        name,
        `the set "${name.text}" exists already, with another type or options; give one of them another name`,
      )
    }
  }

  /** Destroying a set that does not exist is no error. */
  #destroy(name: Token | null, verb: Token): void {
    for (const one of name ? [name.text] : this.#sets.keys()) this.#refuseMember(name ?? verb, one)
    if (name) this.#sets.delete(name.text)
    else this.#sets.clear()
  }

  #rename(from: Token, to: Token): void {
    const set = this.#find(from)
    checkName(to)
    if (this.#sets.has(to.text)) throw new Refusal(to, `the set "${to.text}" is there already; choose another name`)
    this.#refuseMember(from, from.text)
    this.#sets.delete(from.text)
    this.#sets.set(to.text, set)
  }

  /** Lists hold their members by name, so a list with one of the sets then has the other. */
  #swap(one: Token, other: Token): void {
    const first = this.#find(one)
    const second = this.#find(other)
    if (!first.holdsLike(second)) {
      throw new Refusal(other, `"${one.text}" and "${other.text}" do not hold the same kind of element; swap others`)
    }
    this.#sets.set(one.text, second)
    this.#sets.set(other.text, first)
  }

  #refuseMember(at: Token, name: string): void {
    for (const [list, set] of this.#sets) {
      if (set.holds(name)) throw new Refusal(at, `the set "${name}" is in the list "${list}"; take it out there first`)
    }
  }
}

/** What the first and second arguments of a command are, for messages. */
const WANTED: Readonly<Record<SetCommand, readonly string[]>> = {
  create: ['the name of a set', 'the type of the set'],
  add: ['the name of a set', 'an element'],
  del: ['the name of a set', 'an element'],
  rename: ['the name of a set', 'a new name'],
  swap: ['the names of two sets', 'a second set'],
  flush: [],
  destroy: [],
  show: [],
  other: [],
}
