import type { TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import { allRules, prepareRules } from './all-rules.ts'
import { partsEditedAfter } from './edited-parts.ts'
import type { CallContext } from './evaluate/condition.ts'
import { flagClassesOf } from './evaluate/flag-classes.ts'
import { type CompiledChain, generate } from './evaluate/generate.ts'
import { Interpreter } from './evaluate/interpret.ts'
import { PacketClasses } from './evaluate/packet-classes.ts'
import { BAIL, COMPILED_DEPTH_MAX, depthOf, type Program, Trail } from './evaluate/program.ts'
import { RuleMemory } from './evaluate/rule-memory.ts'
import { type Runtime, slotOf } from './evaluate/runtime.ts'
import { firstSharingRule } from './evaluate/shared-state.ts'
import { letsAllPass } from './evaluate/transparency.ts'
import { UncertainMarks } from './evaluate/uncertain-marks.ts'
import { type RuleStep, StepRecorder } from './explain.ts'
import { IpSets } from './ipset/ip-sets.ts'
import type { SetDefinition } from './ipset/set-definition.ts'
import { OsfFingerprints } from './matches/osf-fingerprints.ts'
import { HOOK_NAMES } from './packet/hooks.ts'
import { ALL_PARTS } from './packet/packet-edits.ts'
import type { RuleEnvironment } from './packet/rule-environment.ts'
import type { RulePacket } from './packet/rule-packet.ts'
import { ProgramBuilder } from './program-builder.ts'
import type { ParsedRuleset } from './rule.ts'
import { ruleInfos } from './rule-infos.ts'
import type { CompiledRuleset, HookTable, RuleInfo, TableName } from './ruleset.ts'
import { TABLE_HOOKS, TABLES_BY_PRIORITY } from './tables.ts'
import type { Fingerprint } from './text/parse-fingerprints.ts'
import { checkTimeouts, TimeoutNames } from './timeout-names.ts'
import { undecidableWarnings } from './undecidable.ts'

interface CompileOptions {
  /** Settles what a capture cannot show: match name (`owner`, `in-interface`, …) to whether it is taken to match. */
  readonly assume?: ReadonlyMap<string, boolean>
  /** What `-m set` and `-j SET` refer to. */
  readonly sets?: readonly SetDefinition[]
  /** What `-m osf` looks packets up in; undecided where absent. */
  readonly fingerprints?: readonly Fingerprint[] | undefined
  /** What `-j CT --timeout` refers to; rules that name other policies are refused. Not checked where absent. */
  readonly timeoutPolicies?: readonly TimeoutPolicy[] | undefined
  /**
   * What rules share by name (sets, lists of recent addresses). Pass the same one for both families. A new one by
   * default.
   */
  readonly memory?: RuleMemory
  /** Uses the interpreter for every packet: for tests that compare the two evaluators. */
  readonly interpretOnly?: boolean
  /** False makes the interpreter evaluate every packet anew instead of reusing answers: for tests. True by default. */
  readonly remembersWalks?: boolean
}

/** A hook's table that can also explain its verdict. */
export interface ExplainingHookTable extends HookTable {
  /** As `run`, with the same effects, but slow; appends the checks of every rule to `steps`. */
  explain(packet: RulePacket, steps: RuleStep[]): number
}

interface ExplainingRuleset extends CompiledRuleset {
  tablesAt(hook: number): readonly ExplainingHookTable[]
}

/**
 * What is assumed of matches that no capture decides, unless `assume` says otherwise, so that most results are not
 * undecided for the sake of few machines. By name of the match; the report says which rules rest on it.
 */
const USUAL_ASSUMPTIONS: ReadonlyMap<string, boolean> = new Map([['policy', false]])

/** Makes a ruleset ready to decide packets. All tables share counters, stateful matches and reasons. */
export function compileRuleset(
  parsed: ParsedRuleset,
  environment: RuleEnvironment,
  options: CompileOptions = {},
): ExplainingRuleset {
  if (options.timeoutPolicies) checkTimeouts(parsed, options.timeoutPolicies)
  const { infos, firstId } = ruleInfos(parsed)
  const runtime = newRuntime(parsed, infos.length)
  const reasons: string[] = []
  const reasonIndex = (text: string): number => {
    const index = reasons.indexOf(text)
    return index < 0 ? reasons.push(text) - 1 : index
  }
  const context: CallContext = { family: parsed.family, environment, memory: memoryOf(options) }
  prepareRules(parsed, context)
  const assume = new Map([...USUAL_ASSUMPTIONS, ...(options.assume ?? [])])
  const builder = new ProgramBuilder(context, assume, firstId)
  const programs = new Map(parsed.tables.map((table) => [table.name, builder.program(table)]))
  const { hooks, nat } = tablesByHook(programs, { infos, runtime, context, reasonIndex, options })
  const classes = PacketClasses.of([...programs.values()])
  const raw = programs.get('raw')
  return {
    family: parsed.family,
    rules: infos,
    interfaceNames: interfaceNamesOf(parsed),
    tablesAt: (hook) => hooks[hook],
    countsConnections: asksForConnectionCounters(parsed),
    natAt: (hook) => nat[hook],
    packets: (ruleId) => runtime.counters[2 * ruleId],
    bytes: (ruleId) => runtime.counters[2 * ruleId + 1],
    count(ruleId, packets, bytes) {
      runtime.counters[2 * ruleId] += packets
      runtime.counters[2 * ruleId + 1] += bytes
    },
    classes,
    classCalls: (classes?.calls ?? []).map((call) => runtime.pure[slotOf(call, runtime, context)]),
    actsBeforeTracker: raw?.chains.some((chain) => !letsAllPass(chain)) === true,
    flagClasses: flagClassesOf(programs.values()),
    sharing: sharingRule(infos, programs),
    unknownReason: (index) => reasons[index],
    warnings: [...parsed.warnings, ...undecidableWarnings(parsed, programs)],
  }
}

function newRuntime({ tables }: ParsedRuleset, ruleCount: number): Runtime {
  return {
    counters: new Float64Array(2 * ruleCount),
    trail: new Trail(COMPILED_DEPTH_MAX + 2),
    jumps: 0,
    pure: [],
    stateful: [],
    effects: [],
    edits: [],
    editedParts: ALL_PARTS & tables.reduce((parts, table) => parts | partsEditedAfter(table), 0),
    slots: new Map(),
    sets: [],
    readers: new Map(),
    uncertainMarks: new UncertainMarks(),
  }
}

/** The memory that rules share, with the sets, timeout policies and fingerprints that were given. */
function memoryOf({ memory = new RuleMemory(), sets, timeoutPolicies, fingerprints }: CompileOptions): RuleMemory {
  if (sets) memory.shared(IpSets, '', () => new IpSets(sets))
  if (timeoutPolicies) memory.shared(TimeoutNames, '', () => new TimeoutNames(timeoutPolicies))
  if (fingerprints) memory.shared(OsfFingerprints, '', () => new OsfFingerprints(fingerprints))
  return memory
}

function asksForConnectionCounters(parsed: ParsedRuleset): boolean {
  return allRules(parsed).some(({ matches }) => matches.some(({ name }) => name === 'connbytes'))
}

/**
 * The first rule by which connections depend on each other. In the nat table that is every rule, since ports are chosen
 * among those of all connections.
 */
function sharingRule(infos: readonly RuleInfo[], programs: ReadonlyMap<TableName, Program>): RuleInfo | null {
  for (const program of programs.values()) {
    const id = firstSharingRule(program)
    if (id >= 0) return infos[id]
  }
  const firsts = programs.get('nat')?.chains.map(({ rules, policy }) => rules[0]?.id ?? policy?.id) ?? []
  const first = firsts.find((id) => id !== undefined)
  return first === undefined ? null : infos[first]
}

function interfaceNamesOf(parsed: ParsedRuleset): string[] {
  const names = new Set<string>()
  for (const { header } of allRules(parsed)) {
    if (header.inInterface) names.add(header.inInterface.value)
    if (header.outInterface) names.add(header.outInterface.value)
  }
  return [...names]
}

/** What all tables of a ruleset share. */
interface Shared {
  readonly infos: readonly RuleInfo[]
  readonly runtime: Runtime
  readonly context: CallContext
  readonly reasonIndex: (text: string) => number
  readonly options: CompileOptions
}

/** The tables of each hook, in the order in which packets meet them; those of nat apart. */
interface TablesByHook {
  readonly hooks: readonly (readonly ExplainingHookTable[])[]
  readonly nat: readonly (ExplainingHookTable | null)[]
}

function tablesByHook(programs: ReadonlyMap<TableName, Program>, shared: Shared): TablesByHook {
  const { runtime, context, reasonIndex, options } = shared
  const hooks: ExplainingHookTable[][] = HOOK_NAMES.map(() => [])
  const nat: (ExplainingHookTable | null)[] = HOOK_NAMES.map(() => null)
  for (const name of TABLES_BY_PRIORITY) {
    const program = programs.get(name)
    if (!program) continue
    const interpreter = new Interpreter(program, runtime, context, reasonIndex, options.remembersWalks)
    const interpretOnly = options.interpretOnly === true || depthOf(program) > COMPILED_DEPTH_MAX
    const compiled = interpretOnly ? null : generate(program, runtime, context)
    if (compiled) interpreter.skipWith(compiled.finder)
    for (const hook of TABLE_HOOKS[name]) {
      const base = program.chains.findIndex((chain) => chain.name === HOOK_NAMES[hook])
      const table = hookTable(name, base, compiled?.chains.get(base), interpreter, shared)
      if (name === 'nat') nat[hook] = table
      else hooks[hook].push(table)
    }
  }
  return { hooks, nat }
}

function hookTable(
  table: TableName,
  base: number,
  compiled: CompiledChain | undefined,
  interpreter: Interpreter,
  { infos, runtime, context }: Shared,
): ExplainingHookTable {
  const recorder = (steps: RuleStep[]): StepRecorder =>
    new StepRecorder(steps, infos, runtime, context.environment.interfaces)
  return {
    table,
    run: compiled
      ? (packet) => {
          const verdict = compiled(packet, packet.fields, packet.base)
          return verdict === BAIL ? interpreter.resume(packet, base) : verdict
        }
      : (packet) => interpreter.run(packet, base),
    explain: (packet, steps) => interpreter.run(packet, base, recorder(steps)),
  }
}
