import type { HelperPort } from '../conntrack/helpers/registry.ts'
import type { Sysctls } from '../conntrack/sysctls.ts'
import type { TimeoutPolicies } from '../conntrack/timeout-policy.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import type { Topology } from './topology.ts'

/** What a machine is made of. */
export interface MachineOptions {
  readonly topology: Topology
  readonly sysctls: Sysctls
  readonly checksums: ChecksumPolicy
  readonly ruleset4: CompiledRuleset | null
  readonly ruleset6: CompiledRuleset | null
  readonly helperPorts?: readonly HelperPort[]
  /** The timeout policies, which rules name by number, from 1 (`-j CT --timeout`). */
  readonly timeoutPolicies?: TimeoutPolicies
  /** False lets every packet pass the hooks; this changes no result. True by default. */
  readonly fastPath?: boolean | undefined
  /**
   * Where several machines share the work: whether a datagram belongs to this one. Only asked for fragments and
   * reassembled datagrams, which all machines process; other packets are distributed before.
   */
  readonly isOwn?: ((bytes: Uint8Array, fields: Int32Array, base: number) => boolean) | undefined
}
