import type { AvailableOracle } from '../../kernel/kernel-oracle.ts'
import type { CaptureFrame } from '../../support/pcap.ts'
import { type Answers, answersOfCtreplay, answersOfKernel } from './answers.ts'
import type { HelperProbe } from './probes/probe.ts'

/** Longer than any connection lives that a probe leaves behind. */
const SECONDS_APART = 1_000_000

/** What both sides say to the packets of one probe. */
export interface BothAnswers {
  readonly probe: HelperProbe
  readonly ours: Answers
  readonly kernel: Answers
}

/** Many probes asked as few captures, one for each setting: a process for each probe would take long. */
export async function askTogether(oracle: AvailableOracle, probes: readonly HelperProbe[]): Promise<BothAnswers[]> {
  const settings = new Map<string, HelperProbe[]>()
  for (const probe of probes) {
    const setting = `${probe.host} ${probe.rules}`
    settings.set(setting, [...(settings.get(setting) ?? []), probe])
  }
  const answers: BothAnswers[] = []
  for (const alike of settings.values()) answers.push(...(await askAsOne(oracle, alike)))
  return answers
}

async function askAsOne(oracle: AvailableOracle, probes: readonly HelperProbe[]): Promise<BothAnswers[]> {
  const packets = probes.flatMap((probe, i) => later(probe, i * SECONDS_APART))
  const batch: HelperProbe = { ...probes[0], name: 'batch', packets }
  const [ours, kernel] = await Promise.all([answersOfCtreplay(batch), answersOfKernel(oracle, batch)])
  let from = 0
  return probes.map((probe) => {
    const end = from + probe.packets.length
    const both = { probe, ours: ours.slice(from, end), kernel: kernel.slice(from, end) }
    from = end
    return both
  })
}

function later({ packets }: HelperProbe, seconds: number): CaptureFrame[] {
  let time = 0
  return packets.map((packet) => {
    const frame = packet instanceof Uint8Array ? { bytes: packet } : packet
    time = frame.time ?? time + 0.001
    return { ...frame, time: seconds + time }
  })
}
