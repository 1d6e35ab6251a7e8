import type { Family } from '../rule-environment.ts'
import { parseIpv4, parseIpv6, prefixMask } from '../text/addresses.ts'
import { parseNumber } from '../text/numbers.ts'
import { type LocatedError, Refusal, RulesetError } from '../text/ruleset-error.ts'
import { type Token, tokenize } from '../text/tokens.ts'
import { ipv4Range, portRange } from './parse-element.ts'
import { SetBuilder } from './set-builder.ts'
import { noElements, SET_TYPES, type SetDefinition, type SetType } from './set-definition.ts'

const ERRORS_MAX = 20
const NAME_MAX = 31
const DEFAULT_ELEMENTS_MAX = 65_536
const UINT32_MAX = 0xffff_ffff
const TIMEOUT_MAX = 2_147_483
const COMMANDS: ReadonlyMap<string, 'create' | 'add' | 'del' | 'flush' | 'destroy'> = new Map([
  ['create', 'create'],
  ['-N', 'create'],
  ['n', 'create'],
  ['add', 'add'],
  ['-A', 'add'],
  ['del', 'del'],
  ['-D', 'del'],
  ['flush', 'flush'],
  ['-F', 'flush'],
  ['destroy', 'destroy'],
  ['-X', 'destroy'],
])
/** Options of `create` without a value, and with one, that change nothing here. */
const PLAIN_FLAGS: ReadonlySet<string> = new Set(['comment', '-exist', '-!'])
const PLAIN_VALUES: ReadonlySet<string> = new Set([
  'hashsize',
  'bucketsize',
  'initval',
  'probes',
  'resize',
  'gc',
  'size',
])

/**
 * Reads what `ipset save` writes.
 * @param fileName for messages
 * @throws RulesetError with everything that is wrong, up to 20 places
 */
export function parseSets(text: string, fileName: string): SetDefinition[] {
  const sets = new Map<string, SetBuilder>()
  const errors: LocatedError[] = []
  const lines = text.split('\n')
  for (let index = 0; index < lines.length && errors.length < ERRORS_MAX; index++) {
    const line = lines[index].trim()
    if (line === '' || line.startsWith('#') || line === 'COMMIT') continue
    try {
      readLine(tokenize(lines[index].trimEnd(), index + 1), sets)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      errors.push({ file: fileName, line: error.line, column: error.column, text: error.message })
    }
  }
  for (const set of sets.values()) {
    for (const member of set.missingMembers(sets)) {
      errors.push({
        file: fileName,
        line: member.line,
        column: member.column,
        text: `no set "${member.text}" in this file`,
      })
    }
  }
  if (errors.length > 0) throw new RulesetError(errors)
  return [...sets.values()].map((set) => set.definition)
}

function readLine(tokens: readonly Token[], sets: Map<string, SetBuilder>): void {
  const words = tokens.filter(({ text }) => text !== '-exist' && text !== '-!')
  const [verb, name] = words
  if (verb === undefined) throw new Refusal(tokens[0], `${tokens[0].text} stands alone; a line has create or add`)
  const command = COMMANDS.get(verb.text)
  if (command === undefined) {
    throw new Refusal(verb, `"${verb.text}" is not a line of ipset save; it has create and add`)
  }
  if (name === undefined) throw new Refusal(verb, `${verb.text} needs the name of a set`)
  if (command === 'create') {
    if (sets.has(name.text)) throw new Refusal(name, `the set "${name.text}" is there already`)
    sets.set(name.text, new SetBuilder(readCreate(words)))
    return
  }
  const set = sets.get(name.text)
  if (!set) throw new Refusal(name, `the set "${name.text}" was not created; put a create line before`)
  if (command === 'destroy') sets.delete(name.text)
  else if (command === 'flush') set.flush()
  else {
    const element = words[2]
    if (element === undefined) throw new Refusal(verb, `${verb.text} needs an element`)
    if (command === 'add') set.add(element, words.slice(3))
    else set.remove(element)
  }
}

/** The options of a `create` line, with their values. */
class CreateOptions {
  readonly #values = new Map<string, Token>()

  constructor(tokens: readonly Token[]) {
    for (let index = 0; index < tokens.length; index++) {
      const option = tokens[index]
      if (FLAGS.has(option.text) || PLAIN_FLAGS.has(option.text)) this.#values.set(option.text, option)
      else if (VALUES.has(option.text) || PLAIN_VALUES.has(option.text)) {
        const value = tokens[++index]
        if (value === undefined) throw new Refusal(option, `${option.text} needs a value`)
        this.#values.set(option.text, value)
      } else throw new Refusal(option, `"${option.text}" is not an option of a set that is known`)
    }
  }

  get(name: string): Token | undefined {
    return this.#values.get(name)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  number(name: string, low: number, high: number, fallback: number): number {
    const token = this.#values.get(name)
    return token ? parseNumber(token, low, high, name) : fallback
  }
}

const FLAGS: ReadonlySet<string> = new Set(['counters', 'skbinfo', 'forceadd'])
const VALUES: ReadonlySet<string> = new Set([
  ...['family', 'timeout', 'maxelem', 'netmask', 'bitmask', 'markmask', 'range', 'from', 'to'],
])

function readCreate(words: readonly Token[]): SetDefinition {
  const [verb, name, typeToken] = words
  if (name.text.length > NAME_MAX) throw new Refusal(name, `the name is too long; at most ${NAME_MAX} characters`)
  if (!typeToken) throw new Refusal(verb, 'create needs the type of the set')
  const type = typeOf(typeToken)
  const options = new CreateOptions(words.slice(3))
  const family = familyOf(type, options)
  return {
    name: name.text,
    type,
    family,
    timeout: options.has('timeout') ? options.number('timeout', 0, TIMEOUT_MAX, 0) : null,
    counters: options.has('counters'),
    skbinfo: options.has('skbinfo'),
    forceAdd: options.has('forceadd'),
    maxElements: type.startsWith('hash:') ? options.number('maxelem', 1, UINT32_MAX, DEFAULT_ELEMENTS_MAX) : UINT32_MAX,
    addressMask: maskOf(options, family),
    markMask: options.number('markmask', 1, UINT32_MAX, UINT32_MAX),
    range: type.startsWith('bitmap:') ? rangeOf(type, options, verb) : null,
    elements: noElements(),
    members: [],
    interfaces: [],
  }
}

function typeOf(token: Token): SetType {
  const names = Object.keys(SET_TYPES) as SetType[]
  const type = names.find((one) => one === token.text)
  if (type !== undefined) return type
  throw new Refusal(token, `"${token.text}" is not a type of set that is known; known are ${names.join(', ')}`)
}

function familyOf(type: SetType, options: CreateOptions): Family | null {
  if (type === 'bitmap:port' || type === 'hash:mac' || type === 'list:set') return null
  const token = options.get('family')
  if (!token || token.text === 'inet' || token.text === 'ipv4' || token.text === '-4') return 'ipv4'
  if (token.text === 'inet6' || token.text === 'ipv6' || token.text === '-6') return 'ipv6'
  throw new Refusal(token, `"${token.text}" is not a family; write inet or inet6`)
}

function maskOf(options: CreateOptions, family: Family | null): readonly number[] {
  const bits = family === 'ipv6' ? 128 : 32
  const bitmask = options.get('bitmask')
  if (bitmask) {
    const mask = family === 'ipv6' ? parseIpv6(bitmask.text) : parseIpv4(bitmask.text)
    if (!mask) throw new Refusal(bitmask, `"${bitmask.text}" is not a mask of the family`)
    return mask
  }
  return prefixMask(options.number('netmask', 1, bits, bits), family ?? 'ipv4')
}

function rangeOf(type: SetType, options: CreateOptions, verb: Token): { low: number; high: number } {
  const token = options.get('range')
  const from = options.get('from')
  const to = options.get('to')
  const whole = token ?? (from && to ? { ...from, text: `${from.text}-${to.text}` } : null)
  if (!whole) throw new Refusal(verb, `${type} needs range FROM-TO`)
  return type === 'bitmap:port' ? portRange(whole, whole.text, 'tcp') : ipv4Range(whole, whole.text)
}
