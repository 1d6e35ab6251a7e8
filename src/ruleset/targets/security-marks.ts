import type { TargetExtension } from '../extension.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** SECMARK_SECCTX_MAX without its final zero; iptables keeps that much. */
const CONTEXT_MAX = 255

/** Gives a packet a label for SELinux; no rule can ask for it. */
export const secmark: TargetExtension = {
  name: 'SECMARK',
  tables: ['mangle', 'security'],
  options: [{ name: 'selctx' }],
  parse(options) {
    const token = options.required('selctx')
    return { print: () => `--selctx ${token.text.slice(0, CONTEXT_MAX)}`, action: { kind: 'continue' } }
  },
}

/** Copies that label to the connection, or back. */
export const connsecmark: TargetExtension = {
  name: 'CONNSECMARK',
  tables: ['mangle', 'security'],
  options: [
    { name: 'save', values: 0 },
    { name: 'restore', values: 0 },
  ],
  parse(options) {
    const use = options.oneOf(['save', 'restore'])
    if (!use) throw new Refusal(options.at, 'CONNSECMARK needs --save or --restore')
    return { print: () => `--${use.spec.name}`, action: { kind: 'continue' } }
  },
}
