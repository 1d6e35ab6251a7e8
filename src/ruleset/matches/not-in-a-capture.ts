import { undecidable } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../packet/hooks.ts'
import { MASK_ALL, parseMasked, parseNumber, printMasked } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { quoteWord } from '../text/tokens.ts'

/** Which processor handled a packet. */
export const cpu: MatchExtension = {
  name: 'cpu',
  options: [{ name: 'cpu', negatable: true }],
  parse(options) {
    const text = printOption(
      'cpu',
      `${parseNumber(options.required('cpu'), 0, MASK_ALL, 'processor')}`,
      options.negated('cpu'),
    )
    return {
      print: () => text,
      conditions: () => [
        undecidable('the capture does not tell which processor handled a packet; settle it with --assume cpu=yes|no'),
      ],
    }
  },
}

/** The one name that /etc/iproute2/group has from the start. */
const DEFAULT_GROUP = 'default'

/** Groups that an administrator put interfaces into. */
export const devgroup: MatchExtension = {
  name: 'devgroup',
  options: [
    { name: 'src-group', negatable: true },
    { name: 'dst-group', negatable: true },
  ],
  parse(options) {
    if (options.uses.length === 0) throw new Refusal(options.at, 'devgroup needs --src-group or --dst-group')
    const text = ['src-group', 'dst-group']
      .filter((name) => options.has(name))
      .map((name) => {
        const token = options.required(name)
        const masked = token.text === DEFAULT_GROUP ? { value: 0, mask: MASK_ALL } : parseMasked(token, 'group')
        const text = masked.value === 0 && masked.mask === MASK_ALL ? DEFAULT_GROUP : printMasked(masked)
        return printOption(name, text, options.negated(name))
      })
      .join(' ')
    const into = options.has('src-group') ? [HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD] : null
    const outOf = options.has('dst-group') ? [HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING] : null
    const hooks = into && outOf ? [HOOK_FORWARD] : (into ?? outOf)
    return {
      ...(hooks && { hooks }),
      print: () => text,
      conditions: () => [
        undecidable('the capture does not tell the groups of interfaces; settle it with --assume devgroup=yes|no'),
      ],
    }
  },
}

/** The control group of the program that a packet is of. */
export const cgroup: MatchExtension = {
  name: 'cgroup',
  hooks: [HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING],
  options: [
    { name: 'cgroup', negatable: true },
    { name: 'path', negatable: true },
  ],
  parse(options) {
    const use = options.oneOf(['cgroup', 'path'])
    if (!use) throw new Refusal(options.at, 'cgroup needs --cgroup or --path')
    const [token] = use.values
    const value = use.spec.name === 'path' ? quoteWord(token.text) : `${parseNumber(token, 0, MASK_ALL, 'class')}`
    const text = printOption(use.spec.name, value, use.negated)
    return {
      print: () => text,
      conditions: () => [
        undecidable('the capture does not tell which program sent a packet; settle it with --assume cgroup=yes|no'),
      ],
    }
  },
}

const SOCKET_FLAGS = ['transparent', 'nowildcard', 'restore-skmark'] as const

/** Whether this machine has a socket for a packet. */
export const socket: MatchExtension = {
  name: 'socket',
  hooks: [HOOK_PREROUTING, HOOK_INPUT],
  options: SOCKET_FLAGS.map((name) => ({ name, values: 0 })),
  parse(options) {
    const text = SOCKET_FLAGS.filter((name) => options.has(name))
      .map((name) => `--${name}`)
      .join(' ')
    return {
      print: () => text,
      conditions: () => [
        undecidable('the capture does not tell which sockets were open; settle it with --assume socket=yes|no'),
      ],
    }
  },
}

/** Without its final zero; iptables keeps that much. */
const NFACCT_NAME_MAX = 31

/** Counts packets under a name that nfacct(8) lists. */
export const nfacct: MatchExtension = {
  name: 'nfacct',
  options: [{ name: 'nfacct-name' }],
  parse(options) {
    const token = options.required('nfacct-name')
    if (token.text === '') throw new Refusal(token, 'the name of the nfacct object is empty; write it out')
    // iptables-save prints two spaces.
    return { print: () => `--nfacct-name  ${quoteWord(token.text.slice(0, NFACCT_NAME_MAX))}`, conditions: () => [] }
  },
}
