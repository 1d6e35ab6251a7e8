import { inAddressRange, never } from '../evaluate/condition.ts'
import type { MatchExtension, RuleContext } from '../extension.ts'
import { notAnAddress, parseIpv4, parseIpv6, printAddress, type Words } from '../text/addresses.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const RANGES = [
  ['src-range', 'source'],
  ['dst-range', 'destination'],
] as const

export const iprange: MatchExtension = {
  name: 'iprange',
  options: RANGES.map(([name]) => ({ name, negatable: true })),
  parse(options, context) {
    const ranges = RANGES.flatMap(([name, field]) => {
      const range = parseAddresses(options, name, context)
      return range ? [{ name, field, range, negated: options.negated(name) }] : []
    })
    if (ranges.length === 0) throw new Refusal(options.at, 'iprange needs --src-range or --dst-range')
    return {
      print: () =>
        ranges
          .map(({ name, range, negated }) => printOption(name, range.map(printAddress).join('-'), negated))
          .join(' '),
      conditions: () =>
        ranges.map(({ field, range, negated }) =>
          isBackwards(range) ? { ...never(), value: negated } : inAddressRange(field, range[0], range[1], negated),
        ),
    }
  },
}

/** `FIRST-LAST`, or one address. */
function parseAddresses(options: Options, name: string, { family }: RuleContext): [Words, Words] | null {
  const token = options.value(name)
  if (!token) return null
  const dash = token.text.indexOf('-')
  const address = (text: string): Words => {
    const words = family === 'ipv4' ? parseIpv4(text, true) : parseIpv6(text)
    if (!words) throw notAnAddress(token, family, text)
    return words
  }
  const first = address(dash < 0 ? token.text : token.text.slice(0, dash))
  const last = dash < 0 ? first : address(token.text.slice(dash + 1))
  return [first, last]
}

/** iptables takes a range that runs backwards, in which nothing lies. */
function isBackwards([first, last]: readonly [Words, Words]): boolean {
  const differs = first.findIndex((word, index) => word !== last[index])
  return differs >= 0 && first[differs] > last[differs]
}
