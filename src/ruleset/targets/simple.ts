import type { TargetExtension } from '../extension.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** Marks packets for TRACE's log. */
export const trace: TargetExtension = {
  name: 'TRACE',
  tables: ['raw'],
  options: [],
  parse: () => ({ print: () => '', action: { kind: 'continue' } }),
}

/** Computes a checksum that the sender left to its network card. */
export const checksum: TargetExtension = {
  name: 'CHECKSUM',
  tables: ['mangle'],
  options: [{ name: 'checksum-fill', values: 0 }],
  parse(options) {
    if (!options.has('checksum-fill')) throw new Refusal(options.at, 'CHECKSUM needs --checksum-fill')
    return { print: () => '--checksum-fill', action: { kind: 'continue' } }
  },
}
