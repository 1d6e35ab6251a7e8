import type { TargetExtension } from '../extension.ts'
import { Refusal } from '../text/ruleset-error.ts'

const TYPES = ['accept', 'drop', 'reject'] as const

/** Tells the audit system; the packet goes on, whatever the type says. */
export const audit: TargetExtension = {
  name: 'AUDIT',
  options: [{ name: 'type' }],
  parse(options) {
    const token = options.required('type')
    const type = TYPES.find((name) => name === token.text.toLowerCase())
    if (!type) throw new Refusal(token, `"${token.text}" is not a type; write ${TYPES.join(', ')}`)
    return { print: () => `--type ${type}`, action: { kind: 'continue' } }
  },
}
