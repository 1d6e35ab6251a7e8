import type { Action } from '../evaluate/action.ts'
import type { Target, TargetExtension } from '../extension.ts'
import { hex, MASK_ALL, parseNumber } from '../text/numbers.ts'
import type { Options } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { parseMarkChange } from './mark.ts'

const SETS = ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark'] as const
const OPERATIONS = [...SETS, 'save-mark', 'restore-mark'] as const

/** Sets the mark of the connection, or copies between it and the packet's mark. */
export const connmark: TargetExtension = {
  name: 'CONNMARK',
  options: [
    ...SETS.map((name) => ({ name })),
    { name: 'save-mark', values: 0 },
    { name: 'restore-mark', values: 0 },
    { name: 'mask' },
    { name: 'nfmask' },
    { name: 'ctmask' },
  ],
  parse(options) {
    const use = options.oneOf(OPERATIONS)
    if (!use) throw new Refusal(options.at, 'CONNMARK needs --set-mark, --set-xmark, --save-mark or --restore-mark')
    if (use.spec.name === 'save-mark' || use.spec.name === 'restore-mark') return copy(options, use.spec.name)
    const mask = options.get('mask') ?? options.get('nfmask') ?? options.get('ctmask')
    if (mask) throw new Refusal(mask.at, `--${mask.spec.name} stands only with --save-mark and --restore-mark`)
    const change = parseMarkChange(use)
    return {
      print: () => `--set-xmark ${hex(change.value)}/${hex(change.mask)}`,
      action: {
        kind: 'assign',
        register: 'connectionMark',
        keep: ~change.mask,
        from: null,
        take: 0,
        value: change.value | 0,
      },
    }
  },
}

function copy(options: Options, operation: 'save-mark' | 'restore-mark'): Target {
  const both = options.value('mask')
  const separate = options.get('nfmask') ?? options.get('ctmask')
  if (both && separate) throw new Refusal(separate.at, `--${separate.spec.name} cannot stand together with --mask`)
  const maskOf = (name: string): number => {
    const token = options.value(name) ?? both
    return token ? parseNumber(token, 0, MASK_ALL, 'mask') : MASK_ALL
  }
  const packet = maskOf('nfmask')
  const connection = maskOf('ctmask')
  // save: connection = (connection & ~ctmask) ^ (packet & nfmask); restore: packet = (packet & ~nfmask) ^ (connection & ctmask)
  const action: Action =
    operation === 'save-mark'
      ? { kind: 'assign', register: 'connectionMark', keep: ~connection, from: 'mark', take: packet | 0, value: 0 }
      : { kind: 'assign', register: 'mark', keep: ~packet, from: 'connectionMark', take: connection | 0, value: 0 }
  return { print: () => `--${operation} --nfmask ${hex(packet)} --ctmask ${hex(connection)}`, action }
}
