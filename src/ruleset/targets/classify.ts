import type { TargetExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING } from '../packet/hooks.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** Sets the class that traffic shaping uses; no rule can ask for it. */
export const classify: TargetExtension = {
  name: 'CLASSIFY',
  hooks: [HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING],
  options: [{ name: 'set-class' }],
  parse(options) {
    const token = options.required('set-class')
    const [, major, minor] = /^(?:0x)?([0-9a-f]{1,16}):(?:0x)?([0-9a-f]{1,16})/i.exec(token.text) ?? []
    if (minor === undefined) throw new Refusal(token, `"${token.text}" is not a class; write MAJOR:MINOR in hex digits`)
    // What follows is not looked at.
    const half = (text: string): string => Number.parseInt(text.slice(-4), 16).toString(16).padStart(4, '0')
    return { print: () => `--set-class ${half(major)}:${half(minor)}`, action: { kind: 'continue' } }
  },
}
