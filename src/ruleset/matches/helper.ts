import type { MatchExtension } from '../extension.ts'
import { printOption } from '../text/options.ts'
import { quoteWord } from '../text/tokens.ts'

/** Longer names are cut. */
const NAME_MAX = 29

/** Connections that a helper announced, such as FTP's data connections. */
export const helper: MatchExtension = {
  name: 'helper',
  options: [{ name: 'helper', negatable: true }],
  parse(options) {
    const name = options.required('helper').text.slice(0, NAME_MAX)
    const negated = options.negated('helper')
    const text = printOption('helper', name === '' ? '""' : quoteWord(name), negated)
    return {
      print: () => text,
      conditions: () => [
        {
          kind: 'call',
          label: text,
          negated,
          create: () => ({
            test({ connection, connections }) {
              const master = connection < 0 ? null : connections.masterHelper(connection)
              // The kernel compares only as many characters as its own name has: `ftp-2121` in a rule also matches
              // `ftp`.
              return Number(master !== null && (name === '' || name.startsWith(master)))
            },
          }),
        },
      ],
    }
  },
}
