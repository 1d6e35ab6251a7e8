import type { TargetExtension } from '../extension.ts'
import { numberOf } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { cutToBytes, quoteWord, type Token } from '../text/tokens.ts'

/** syslog(3), by number. */
const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'] as const
const LEVEL_ALIASES: ReadonlyMap<string, number> = new Map([
  ['panic', 0],
  ['emergency', 0],
  ['err', 3],
])
/** The level that is not printed. */
const WARNING = 4
const PREFIX_MAX = 29

/** Flags in the order of their bits in struct xt_log_info. */
const FLAGS = ['log-tcp-sequence', 'log-tcp-options', 'log-ip-options', 'log-uid', 'log-macdecode'] as const

export const log: TargetExtension = {
  name: 'LOG',
  options: [{ name: 'log-level' }, { name: 'log-prefix' }, ...FLAGS.map((name) => ({ name, values: 0 }))],
  parse(options, { warn }) {
    const levelToken = options.value('log-level')
    const level = levelToken ? parseLevel(levelToken) : WARNING
    const prefixToken = options.value('log-prefix')
    if (prefixToken?.text === '') throw new Refusal(prefixToken, 'the log prefix is empty; take the option away')
    const prefix = cutToBytes(prefixToken?.text ?? '', PREFIX_MAX)
    if (prefixToken?.text.includes('\n')) throw new Refusal(prefixToken, 'a log prefix has no line breaks')
    if (prefixToken && prefix !== prefixToken.text) {
      warn(`line ${prefixToken.line}: the log prefix has more than ${PREFIX_MAX} bytes and is cut, as iptables does`)
    }
    return {
      action: { kind: 'continue' },
      print: () =>
        [
          prefix === '' ? '' : `--log-prefix ${quoteWord(prefix)}`,
          level === WARNING ? '' : `--log-level ${level}`,
          ...FLAGS.filter((name) => options.has(name)).map((name) => `--${name}`),
        ]
          .filter((part) => part !== '')
          .join(' '),
    }
  },
}

function parseLevel(token: Token): number {
  const { text } = token
  const number = numberOf(text)
  if (number !== null && number <= 7) return number
  const named = LEVEL_ALIASES.get(text) ?? (LEVELS as readonly string[]).indexOf(text)
  if (named >= 0) return named
  throw new Refusal(token, `"${token.text}" is not a log level; write 0 to 7 or one of ${LEVELS.join(', ')}`)
}
