import { PROTO_TCP } from '../../wire/protocols.ts'
import type { TargetExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT } from '../packet/hooks.ts'
import { VERDICT_REJECT } from '../packet/rule-packet.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** Names and their short forms (RFC 792, RFC 1812, RFC 4443). */
const TYPES = {
  ipv4: [
    ['icmp-net-unreachable', 'net-unreach'],
    ['icmp-host-unreachable', 'host-unreach'],
    ['icmp-proto-unreachable', 'proto-unreach'],
    ['icmp-port-unreachable', 'port-unreach'],
    ['icmp-net-prohibited', 'net-prohib'],
    ['icmp-host-prohibited', 'host-prohib'],
    ['tcp-reset', 'tcp-rst'],
    ['icmp-admin-prohibited', 'admin-prohib'],
  ],
  ipv6: [
    ['icmp6-no-route', 'no-route'],
    ['icmp6-adm-prohibited', 'adm-prohibited'],
    ['icmp6-addr-unreachable', 'addr-unreach'],
    ['icmp6-port-unreachable', 'port-unreach'],
    ['tcp-reset', 'tcp-reset'],
    ['icmp6-policy-fail', 'policy-fail'],
    ['icmp6-reject-route', 'reject-route'],
  ],
} as const

const DEFAULTS = { ipv4: 'icmp-port-unreachable', ipv6: 'icmp6-port-unreachable' } as const
const RESET = 'tcp-reset'

/** The packet is dropped and its sender told so. */
export const reject: TargetExtension = {
  name: 'REJECT',
  tables: ['filter'],
  hooks: [HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT],
  options: [{ name: 'reject-with' }],
  parse(options, { family, protocol }) {
    const token = options.value('reject-with')
    const asked = token?.text.toLowerCase() ?? DEFAULTS[family]
    const types: readonly (readonly [string, string])[] = TYPES[family]
    const type = types.find(([long, short]) => long.startsWith(asked) || short.startsWith(asked))?.[0]
    if (token && !type) {
      const names = types.map(([long]) => long).join(', ')
      throw new Refusal(token, `"${token.text}" is not a way to reject; write one of ${names}`)
    }
    if (token && type === RESET && protocol !== PROTO_TCP) {
      throw new Refusal(token, 'only TCP knows resets; add -p tcp before, or reject with an ICMP error')
    }
    return {
      print: () => `--reject-with ${type}`,
      action: { kind: 'verdict', verdict: VERDICT_REJECT },
      rejectsWithReset: type === RESET,
    }
  },
}
