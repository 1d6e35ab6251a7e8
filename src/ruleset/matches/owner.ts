import { undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_OUTPUT, HOOK_POSTROUTING } from '../packet/hooks.ts'
import { type NumberRange, numberOf, parseRange, printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** The largest identifier: -1 is none. */
const ID_MAX = 0xffff_fffe
const MISSING = 'the capture does not tell which program sent a packet; settle it with --assume owner=yes|no'

/** Who sent a packet of this machine. */
export const owner: MatchExtension = {
  name: 'owner',
  hooks: [HOOK_OUTPUT, HOOK_POSTROUTING],
  options: [
    { name: 'uid-owner', negatable: true },
    { name: 'gid-owner', negatable: true },
    { name: 'socket-exists', values: 0, negatable: true },
    { name: 'suppl-groups', values: 0 },
  ],
  parse(options) {
    const user = parseIds(options, 'uid-owner')
    const group = parseIds(options, 'gid-owner')
    if (options.uses.length === 0) throw new Refusal(options.at, 'owner needs an option, as --uid-owner 1000')
    const supplementary = options.get('suppl-groups')
    const groupBefore = options.uses.slice(0, supplementary ? options.uses.indexOf(supplementary) : 0)
    if (supplementary && !groupBefore.some(({ spec }) => spec.name === 'gid-owner')) {
      throw new Refusal(supplementary.at, '--suppl-groups needs --gid-owner before it')
    }
    const parts = [
      options.has('socket-exists') ? printOption('socket-exists', '', options.negated('socket-exists')) : '',
      user ? printOption('uid-owner', printRange(user, '-'), options.negated('uid-owner')) : '',
      group ? printOption('gid-owner', printRange(group, '-'), options.negated('gid-owner')) : '',
      supplementary ? '--suppl-groups' : '',
    ]
    return {
      print: () => parts.filter((part) => part !== '').join(' '),
      conditions: () => [undecidable(MISSING)],
    }
  },
}

function parseIds(options: Options, name: string): NumberRange | null {
  const token = options.value(name)
  if (!token) return null
  if (token.text === 'root') return { low: 0, high: 0 }
  const [first, last, more] = token.text.split(/[-:]/)
  if (more !== undefined || last === '') {
    throw new Refusal(token, `"${token.text}" is not a range of numbers; write N or N-M`)
  }
  if (numberOf(first) === null) {
    throw new Refusal(token, `"${token.text}" is a name, and names are not looked up; write its number`)
  }
  return parseRange({ ...token, text: token.text.replace(':', '-') }, 0, ID_MAX, 'identifier', '-')
}
