import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { survey, uncompressed } from '../../kernel/captures.ts'
import { kernelOracle } from '../../kernel/kernel-oracle.ts'
import { answersOfCtreplayTo, answersOfKernelTo, type Setting } from './answers.ts'

const CORPUS = join('..', 'shared', 'corpus', 'captures')
const oracle = kernelOracle()
const missing = !oracle.available ? oracle.why : existsSync(CORPUS) ? null : `no ${CORPUS}`

/** Public captures with connections that announce others. */
const CAPTURES = [
  'ftp-control-and-data.pcap',
  'fuzzed-mixed-sip-big-endian.pcap',
  'h323-call-signalling.pcap',
  'p2p-gnutella-many-udp-tcp-flows.pcap',
  'pcapng-nanosecond-home-lan-5898.pcapng',
  'pptp-control-big-endian-pcap.pcap',
  'rtsp-rtp-linux-cooked.pcapng',
  'sip-register-invite-rtp.pcap',
  'sip-t38-fax-call.pcap',
  'tftp-transfer-new-server-port.pcapng',
].map((name) => join(CORPUS, name))

const SAMPLES = ['ftp-active.pcap', 'ftp-passive.pcap', 'tftp.pcap'].map((name) => join('pcaps', name))

const PAIRS = [...(missing === null ? CAPTURES : []), ...SAMPLES].flatMap((capture) => [
  [capture, 'router'] as const,
  [capture, 'host'] as const,
])

describe.skipIf(!oracle.available)(`captures with helpers (${missing ?? 'found'})`, () => {
  it.each(PAIRS)('%s %s', async (capture, mode) => {
    if (!oracle.available) return
    const { path, dispose } = uncompressed(capture)
    const host = (await survey(path)).local.join(',')
    const setting: Setting = { ...(mode === 'host' ? { host } : {}), checksums: 'ignore' }
    const kernel = await answersOfKernelTo(oracle, path, setting)
    const ours = await answersOfCtreplayTo(path, setting)
    dispose()
    const comparable = (answer: string) =>
      answer.replace(/ (DROP|not-routed)/, '').replace(/^(NOT_IP|IP_DROP|FRAG_QUEUED|UNINJECTABLE|TRUNCATED).*/, 'none')
    const differing = kernel.flatMap((answer, i) =>
      comparable(answer) === comparable(ours[i]) ? [] : [`${i + 1}: ${ours[i]}, the kernel: ${answer}`],
    )
    expect(differing.slice(0, 20)).toEqual([])
  })
})
