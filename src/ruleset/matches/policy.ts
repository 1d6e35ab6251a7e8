import { all, undecidable } from '../evaluate/condition.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../packet/hooks.ts'
import type { Family } from '../packet/rule-environment.ts'
import { parseHostMask, printHostMask } from '../text/addresses.ts'
import { hex, MASK_ALL, parseNumber } from '../text/numbers.ts'
import { type Options, type OptionUse, printOption } from '../text/options.ts'
import { parseProtocol } from '../text/protocols.ts'
import { Refusal } from '../text/ruleset-error.ts'

const ELEMENTS_MAX = 4
const PROTOCOLS: Readonly<Record<number, string>> = { 50: 'esp', 51: 'ah', 108: 'ipcomp' }
/** In the order of iptables-save. */
const PARTS = ['reqid', 'spi', 'proto', 'mode', 'tunnel-dst', 'tunnel-src'] as const

const IPSEC = undecidable('a capture does not show what IPsec protects; settle it with --assume policy=yes|no')

/**
 * Which IPsec policy a packet came or goes through. Unless told otherwise (USUAL_ASSUMPTIONS in compile.ts), a machine is taken to have
 * none, so that every packet has `--pol none`. `--assume policy=yes` is for packets that are protected as rules ask.
 */
export const policy: MatchExtension = {
  name: 'policy',
  options: [
    { name: 'dir' },
    { name: 'pol' },
    { name: 'strict', values: 0 },
    ...PARTS.map((name) => ({ name, negatable: true, repeatable: true })),
    { name: 'next', values: 0, repeatable: true },
  ],
  parse: parsePolicy,
}

function parsePolicy(options: Options, { family }: RuleContext): Match {
  const direction = options.required('dir')
  if (direction.text !== 'in' && direction.text !== 'out') {
    throw new Refusal(direction, `"${direction.text}" is not a direction; write in or out`)
  }
  const kind = options.value('pol')
  if (kind && kind.text !== 'none' && kind.text !== 'ipsec') {
    throw new Refusal(kind, `"${kind.text}" is not a policy; write none or ipsec`)
  }
  const none = kind?.text === 'none'
  const strict = options.get('strict')
  if (none && strict) throw new Refusal(strict.at, '--pol none cannot stand together with --strict; take --strict away')
  const next = options.get('next')
  if (next && !strict) throw new Refusal(next.at, '--next needs --strict')
  const given = elementsOf(options)
  // Even with `--pol none`, the values of all options must be valid.
  for (const element of given) {
    checkMode(element)
    printElement(element, family)
  }
  const elements = none ? [] : given
  if (elements.length > ELEMENTS_MAX)
    throw new Refusal(options.at, `at most ${ELEMENTS_MAX} elements fit into a policy`)
  for (const element of elements) checkElement(element, strict, options)
  const text = [
    `--dir ${direction.text} --pol ${none ? 'none' : 'ipsec'}`,
    strict ? '--strict' : '',
    elements.map((element) => printElement(element, family)).join(' --next '),
  ]
    .filter((part) => part !== '')
    .join(' ')
  return {
    hooks:
      direction.text === 'in'
        ? [HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD]
        : [HOOK_POSTROUTING, HOOK_OUTPUT, HOOK_FORWARD],
    print: () => text,
    conditions: () => [all([IPSEC], none)],
  }
}

type Element = ReadonlyMap<string, OptionUse>

/** The options between --next and --next. */
function elementsOf(options: Options): Element[] {
  const elements: Map<string, OptionUse>[] = [new Map()]
  for (const use of options.uses) {
    const { name } = use.spec
    if (name === 'next') elements.push(new Map())
    if (PARTS.every((part) => part !== name)) continue
    const element = elements[elements.length - 1]
    if (element.has(name)) throw new Refusal(use.at, `--${name} is given twice; put --next between two elements`)
    element.set(name, use)
  }
  return elements
}

function checkMode(element: Element): void {
  const mode = element.get('mode')?.values[0]
  if (mode && mode.text !== 'tunnel' && mode.text !== 'transport') {
    throw new Refusal(mode, `"${mode.text}" is not a mode; write tunnel or transport`)
  }
}

function checkElement(element: Element, strict: OptionUse | undefined, options: Options): void {
  if (strict && element.size === 0) {
    throw new Refusal(options.at, `an element of a --strict policy needs one of ${PARTS.join(', ')}`)
  }
  const tunnel = element.get('tunnel-src') ?? element.get('tunnel-dst')
  const mode = element.get('mode')
  if (tunnel && (mode?.values[0].text !== 'tunnel' || mode.negated)) {
    throw new Refusal(tunnel.at, `--${tunnel.spec.name} needs --mode tunnel`)
  }
}

function printElement(element: Element, family: Family): string {
  return PARTS.filter((name) => element.has(name))
    .map((name) => {
      const use = element.get(name)
      return use ? printOption(name, printPart(name, use, family), use.negated) : ''
    })
    .join(' ')
}

function printPart(name: (typeof PARTS)[number], use: OptionUse, family: Family): string {
  const [token] = use.values
  switch (name) {
    case 'reqid':
      return `${parseNumber(token, 0, MASK_ALL, 'request')}`
    case 'spi':
      return hex(parseNumber(token, 0, MASK_ALL, 'SPI'))
    case 'proto': {
      const protocol = PROTOCOLS[parseProtocol(token)]
      if (protocol === undefined) throw new Refusal(token, `"${token.text}" does not fit here; write ah, esp or ipcomp`)
      return protocol
    }
    case 'mode':
      return token.text
    default:
      return printHostMask(parseHostMask(token, family))
  }
}
