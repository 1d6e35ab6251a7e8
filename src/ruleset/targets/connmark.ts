import type { Action } from '../evaluate/action.ts'
import type { Target, TargetExtension } from '../extension.ts'
import { hex, MASK_ALL, parseNumber } from '../text/numbers.ts'
import type { Options, OptionUse } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { parseMarkChange } from './mark.ts'

const SETS = ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark'] as const
const OPERATIONS = [...SETS, 'save-mark', 'restore-mark'] as const
const SHIFTS = ['left-shift-mark', 'right-shift-mark'] as const
const SHIFT_MAX = 31

/** Sets the mark of the connection, or copies between it and the packet's mark. */
export const connmark: TargetExtension = {
  name: 'CONNMARK',
  options: [
    ...SETS.map((name) => ({ name })),
    { name: 'save-mark', values: 0 },
    { name: 'restore-mark', values: 0 },
    ...SHIFTS.map((name) => ({ name })),
    { name: 'mask' },
    { name: 'nfmask' },
    { name: 'ctmask' },
  ],
  parse(options) {
    const use = options.oneOf(OPERATIONS)
    if (!use) throw new Refusal(options.at, 'CONNMARK needs --set-mark, --set-xmark, --save-mark or --restore-mark')
    const shift = readShift(options)
    if (use.spec.name === 'save-mark' || use.spec.name === 'restore-mark') return copy(options, use.spec.name, shift)
    return set(options, use, shift)
  },
}

/** Bits to the left; to the right where negative. Of several shifts the last one counts. */
function readShift(options: Options): number {
  const uses = options.uses.filter(({ spec }) => (SHIFTS as readonly string[]).includes(spec.name))
  const use = uses.at(-1)
  if (!use) return 0
  // iptables accepts one more than the kernel, and checks all of them, even those that do not count.
  for (const { values } of uses) parseNumber(values[0], 0, SHIFT_MAX + 1, 'number of bits')
  const bits = parseNumber(use.values[0], 0, SHIFT_MAX, 'number of bits')
  return use.spec.name === 'left-shift-mark' ? bits : 0 - bits
}

function printShift(shift: number): string {
  if (shift === 0) return ''
  return shift > 0 ? ` --left-shift-mark ${shift}` : ` --right-shift-mark ${-shift}`
}

function set(options: Options, use: OptionUse, shift: number): Target {
  const change = parseMarkChange(use)
  const mask = maskOfSet(options, use, change.mask)
  // Here all of the new mark is moved, what was kept of the old one, too.
  const kept = ~mask
  const moved = shift < 0 ? change.value >>> -shift : change.value << shift
  const action: Action = {
    kind: 'assign',
    register: 'connectionMark',
    keep: shift === 0 ? kept : 0,
    from: shift === 0 ? null : 'connectionMark',
    take: shift === 0 ? 0 : kept,
    shift,
    value: moved | 0,
  }
  return { print: () => `--set-xmark ${hex(change.value)}/${hex(mask)}${printShift(shift)}`, action }
}

/**
 * iptables stores the masks of --set-xmark and its like, --ctmask and --mask in the same place: the last one counts.
 */
function maskOfSet(options: Options, use: OptionUse, mask: number): number {
  let last = mask
  for (const { spec, values } of options.uses.slice(options.uses.indexOf(use))) {
    if (spec.name === 'mask' || spec.name === 'ctmask') last = parseNumber(values[0], 0, MASK_ALL, 'mask')
  }
  for (const name of ['mask', 'nfmask', 'ctmask']) {
    const token = options.value(name)
    if (token) parseNumber(token, 0, MASK_ALL, 'mask')
  }
  checkMasks(options)
  return last
}

function checkMasks(options: Options): void {
  const separate = options.get('nfmask') ?? options.get('ctmask')
  if (options.has('mask') && separate) {
    throw new Refusal(
      separate.at,
      `--${separate.spec.name} cannot stand together with --mask; keep --nfmask and --ctmask`,
    )
  }
}

function copy(options: Options, operation: 'save-mark' | 'restore-mark', shift: number): Target {
  checkMasks(options)
  const both = options.value('mask')
  const maskOf = (name: string): number => {
    const token = options.value(name) ?? both
    return token ? parseNumber(token, 0, MASK_ALL, 'mask') : MASK_ALL
  }
  const packet = maskOf('nfmask')
  const connection = maskOf('ctmask')
  // save: connection = (connection & ~ctmask) ^ (packet & nfmask)
  // restore: packet = (packet & ~nfmask) ^ (connection & ctmask)
  const [register, keep, from, take] =
    operation === 'save-mark'
      ? (['connectionMark', ~connection, 'mark', packet | 0] as const)
      : (['mark', ~packet, 'connectionMark', connection | 0] as const)
  const action: Action = { kind: 'assign', register, keep, from, take, shift, value: 0 }
  return {
    print: () => `--${operation} --nfmask ${hex(packet)} --ctmask ${hex(connection)}${printShift(shift)}`,
    action,
  }
}
