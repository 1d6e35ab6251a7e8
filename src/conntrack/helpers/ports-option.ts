import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { HELPERS, type HelperPort, USUAL_HELPER_PORTS } from './registry.ts'

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: PROTO_TCP, udp: PROTO_UDP }

/**
 * Reads `auto` (the usual helpers at their usual ports) or `PROTO/PORT=NAME`, like `tcp/2121=ftp`.
 * @throws Error with a sentence for the user
 */
export function parseHelperOption(text: string): readonly HelperPort[] {
  if (text === 'auto') return USUAL_HELPER_PORTS
  const match = /^([^/=]*)\/([^/=]*)=(.*)$/.exec(text)
  if (match === null) throw new Error(`'${text}': write auto, or PROTO/PORT=NAME like tcp/2121=ftp`)
  const [, protocolName, portText, name] = match
  const protocol = PROTOCOLS[protocolName.toLowerCase()]
  if (protocol === undefined) throw new Error(`'${text}': the protocol must be tcp or udp, not '${protocolName}'`)
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0
  if (port < 1 || port > 65_535)
    throw new Error(`'${text}': the port must be a number from 1 to 65535, not '${portText}'`)
  const helper = HELPERS.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (helper === undefined) {
    throw new Error(`'${text}': there is no helper '${name}'; there are ${HELPERS.map((one) => one.name).join(', ')}`)
  }
  if (!helper.protocols.includes(protocol)) {
    const other = protocol === PROTO_TCP ? 'udp' : 'tcp'
    throw new Error(`'${text}': the ${helper.name} helper is for ${other}`)
  }
  return [{ protocol, port, helper: helper.name }]
}
