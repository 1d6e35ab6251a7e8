import type { HelperPort } from '../conntrack/helpers/registry.ts'
import type { Sysctls } from '../conntrack/sysctls.ts'
import type { TimeoutPolicies } from '../conntrack/timeout-policy.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import type { Topology } from './topology.ts'

/** What makes one machine unlike another. */
export interface MachineOptions {
  readonly topology: Topology
  readonly sysctls: Sysctls
  readonly checksums: ChecksumPolicy
  readonly ruleset4: CompiledRuleset | null
  readonly ruleset6: CompiledRuleset | null
  readonly helperPorts?: readonly HelperPort[]
  /** What rules call by number, from 1 (`-j CT --timeout`). */
  readonly timeoutPolicies?: TimeoutPolicies
  /** False sends every packet all its way; shows in no result. True by default. */
  readonly fastPath?: boolean | undefined
  /**
   * Of several machines that share the work: whether a datagram is this one's. Asked of fragments and of what they make,
   * which all machines put together; other packets come to theirs alone.
   */
  readonly isOwn?: ((bytes: Uint8Array, fields: Int32Array, base: number) => boolean) | undefined
}
