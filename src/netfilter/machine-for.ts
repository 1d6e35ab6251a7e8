import type { HelperPort } from '../conntrack/helpers/registry.ts'
import { sysctlsWith } from '../conntrack/sysctls.ts'
import type { TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import {
  compileRuleset,
  type Fingerprint,
  type ParsedRuleset,
  RuleMemory,
  type SetDefinition,
  TimeoutNames,
} from '../ruleset/index.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { type ChecksumOption, ChecksumPolicy } from './checksum-policy.ts'
import type { InterfaceOption } from './interfaces.ts'
import { Machine } from './machine.ts'
import type { MachineOptions } from './machine-options.ts'
import { type Mode, Topology } from './topology.ts'

/** What the user says about the machine. */
export interface MachineSettings {
  readonly interfaces: readonly InterfaceOption[]
  readonly inInterface?: string | undefined
  readonly outInterface?: string | undefined
  readonly rules?: ParsedRuleset | undefined
  readonly rules6?: ParsedRuleset | undefined
  /** What `-m set` and `-j SET` refer to. */
  readonly sets?: readonly SetDefinition[] | undefined
  /** What `-m osf` looks packets up in; undecided where absent. */
  readonly fingerprints?: readonly Fingerprint[] | undefined
  /** What `-j CT --timeout` refers to; the sysctls hold for connections of any other where absent. */
  readonly timeoutPolicies?: readonly TimeoutPolicy[] | undefined
  /** Kernel name -> value as text. */
  readonly sysctls: ReadonlyMap<string, string>
  readonly checksum: ChecksumOption
  /** Helpers by destination port (`--helper`); USUAL_HELPER_PORTS for `auto`. */
  readonly helperPorts?: readonly HelperPort[] | undefined
  /**
   * `ignore` leaves the nat table out, as for a capture of packets that another machine translated; `apply` by default.
   */
  readonly nat?: 'apply' | 'ignore' | undefined
  /** Match name -> whether it is taken to match where the capture cannot tell. */
  readonly assume: ReadonlyMap<string, boolean>
}

/** What else must be known about the machine: given by the user or inferred from the capture. */
export interface MachinePlace {
  readonly mode: Mode
  /** Its own addresses, ADDR[/LEN]. */
  readonly local: readonly string[]
  /** ChecksumPolicy.unreliable. */
  readonly checksumsUnreliable: boolean
}

/** A machine and its parts, which the report needs, too. */
export interface MachineParts {
  readonly machine: Machine
  readonly topology: Topology
  readonly checksums: ChecksumPolicy
  readonly ruleset4: CompiledRuleset | null
  readonly ruleset6: CompiledRuleset | null
}

/** @throws Error, RangeError or RulesetError with a sentence for the user where a setting makes no sense */
export function machineFor(
  settings: MachineSettings,
  place: MachinePlace,
  isOwn?: MachineOptions['isOwn'],
): MachineParts {
  const topology = new Topology({ ...settings, ...place })
  const checksums = new ChecksumPolicy(settings.checksum)
  checksums.unreliable = place.checksumsUnreliable
  // One memory for both families: in the kernel they share sets and lists of recent addresses.
  const memory = new RuleMemory()
  const { assume, timeoutPolicies, fingerprints } = settings
  const compileOptions = { assume, memory, sets: settings.sets ?? [], timeoutPolicies, fingerprints }
  const compiled = (rules: ParsedRuleset | undefined): CompiledRuleset | null => {
    if (rules === undefined) return null
    return compileRuleset(settings.nat === 'ignore' ? withoutNat(rules) : rules, topology, compileOptions)
  }
  const ruleset4 = compiled(settings.rules)
  const ruleset6 = compiled(settings.rules6)
  const machine = new Machine({
    topology,
    sysctls: sysctlsWith(settings.sysctls),
    checksums,
    ruleset4,
    ruleset6,
    helperPorts: settings.helperPorts ?? [],
    timeoutPolicies: memory.shared(TimeoutNames, '', () => new TimeoutNames([])).policies(),
    isOwn,
  })
  return { machine, topology, checksums, ruleset4, ruleset6 }
}

function withoutNat(rules: ParsedRuleset): ParsedRuleset {
  return { ...rules, tables: rules.tables.filter(({ name }) => name !== 'nat') }
}
