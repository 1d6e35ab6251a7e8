import type { SetFlags } from '../ipset/ip-set.ts'
import type { OptionUse } from './options.ts'
import { Refusal } from './ruleset-error.ts'

const FLAGS_MAX = 6
const NAME_MAX = 31

/** `NAME src,dst,…` after --match-set, --add-set, … */
export interface SetReference {
  readonly name: string
  readonly flags: SetFlags
  /** As iptables-save prints it. */
  readonly text: string
}

export function parseSetReference(use: OptionUse, returnNomatch: boolean): SetReference {
  const [name, flags] = use.values
  if (name.text === '' || name.text.length > NAME_MAX) {
    throw new Refusal(name, `"${name.text}" cannot be the name of a set; it has 1 to ${NAME_MAX} characters`)
  }
  const words = flags.text.split(',')
  if (words.length > FLAGS_MAX) throw new Refusal(flags, `more than ${FLAGS_MAX} flags; write src and dst, with commas`)
  let sources = 0
  const printed = words.map((word, index) => {
    if (word.startsWith('src')) sources |= 1 << index
    else if (!word.startsWith('dst'))
      throw new Refusal(flags, `"${word}" is not a flag; write src and dst, with commas`)
    return word.slice(0, 3)
  })
  return {
    name: name.text,
    flags: { count: words.length, sources, returnNomatch },
    text: `${name.text} ${printed.join(',')}`,
  }
}
