/** The library's face: open captures, read rules, replay, and take the outcomes as they come. */

export {
  CaptureError,
  type CaptureFileInfo,
  type CaptureProblem,
  type FrameReader,
} from './capture/frame-reader.ts'
export { type CaptureOptions, openCapture } from './capture/open-capture.ts'
export { reasonIsIgnored, reasonText, reasonTitle } from './conntrack/reasons.ts'
export { SYSCTL_DEFAULTS, type SysctlName } from './conntrack/sysctls.ts'
export type { ChecksumOption } from './netfilter/checksum-policy.ts'
export type { InterfaceOption } from './netfilter/interfaces.ts'
export {
  CTSTATE_ESTABLISHED,
  CTSTATE_INVALID,
  CTSTATE_NAMES,
  CTSTATE_NEW,
  CTSTATE_NONE,
  CTSTATE_RELATED,
  CTSTATE_UNTRACKED,
  Outcome,
  type Sink,
} from './netfilter/outcome.ts'
export { type ReplayOptions, type ReplaySummary, replay } from './netfilter/replay.ts'
export type { SharingOptions } from './netfilter/shards/sharing.ts'
export type { Mode } from './netfilter/topology.ts'
export { openPackets, type PacketOptions } from './pipeline/open-packets.ts'
export { PacketBatch } from './pipeline/packet-batch.ts'
export type { PacketSource } from './pipeline/packet-source.ts'
export { ByteOutput } from './report/byte-output.ts'
export { type CsvOptions, CsvSink } from './report/csv.ts'
export { type NdjsonOptions, NdjsonSink } from './report/ndjson.ts'
export { OutputError } from './report/open-output.ts'
export { type ParquetOptions, ParquetSink } from './report/parquet.ts'
export { type SummaryOptions, summaryText } from './report/summary.ts'
export { TrafficCounters } from './report/traffic-counters.ts'
export {
  compileRuleset,
  type LocatedError,
  type ParsedRuleset,
  parseRuleset,
  parseSets,
  printRuleset,
  RulesetError,
  type SetDefinition,
} from './ruleset/index.ts'
export {
  HOOK_FORWARD,
  HOOK_INPUT,
  HOOK_NAMES,
  HOOK_OUTPUT,
  HOOK_POSTROUTING,
  HOOK_PREROUTING,
} from './ruleset/packet/hooks.ts'
export {
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NAMES,
  VERDICT_NONE,
  VERDICT_REJECT,
  VERDICT_UNKNOWN,
} from './ruleset/packet/rule-packet.ts'
export { type Review, reviewRuleset } from './ruleset/review/review.ts'
export type { CompiledRuleset, RuleInfo } from './ruleset/ruleset.ts'
export * from './wire/packet-fields.ts'
