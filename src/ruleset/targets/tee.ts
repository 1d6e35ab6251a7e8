import type { TargetExtension } from '../extension.ts'
import { parseHost, printAddress } from '../text/addresses.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** IFNAMSIZ without its final zero; iptables keeps that much. */
const INTERFACE_MAX = 15

/** Sends a copy elsewhere; the packet goes on. */
export const tee: TargetExtension = {
  name: 'TEE',
  options: [{ name: 'gateway' }, { name: 'oif' }],
  parse(options, { family }) {
    const gateway = parseHost(options.required('gateway'), family)
    const device = options.value('oif')
    if (gateway.every((word) => word === 0))
      throw new Refusal(options.at, '--gateway cannot be the zero address; write the address that copies go to')
    const words = `--gateway ${printAddress(gateway)}${device && device.text !== '' ? ` --oif ${device.text.slice(0, INTERFACE_MAX)}` : ''}`
    return { print: () => words, action: { kind: 'continue' } }
  },
}
