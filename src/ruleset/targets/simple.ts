import type { TargetExtension } from '../extension.ts'
import { HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING } from '../rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import { PROTOCOL_TCP } from '../text/protocols.ts'
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

/** Changes the MSS option; rules behind that ask for it (`-m tcpmss`) see the old one. */
export const tcpmss: TargetExtension = {
  name: 'TCPMSS',
  protocols: [PROTOCOL_TCP],
  options: [{ name: 'set-mss' }, { name: 'clamp-mss-to-pmtu', values: 0 }],
  parse(options) {
    const use = options.oneOf(['set-mss', 'clamp-mss-to-pmtu'])
    if (!use) throw new Refusal(options.at, 'TCPMSS needs --set-mss or --clamp-mss-to-pmtu')
    const clamp = use.spec.name === 'clamp-mss-to-pmtu'
    const mss = clamp ? 0 : parseNumber(use.values[0], 0, 65495, 'MSS')
    return {
      ...(clamp && { hooks: [HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING] }),
      print: () => (clamp ? '--clamp-mss-to-pmtu' : `--set-mss ${mss}`),
      action: { kind: 'continue' },
    }
  },
}
