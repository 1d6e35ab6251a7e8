import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import { type RulePacket, STATE_INVALID } from '../packet/rule-packet.ts'
import type { Action, AssignAction } from './action.ts'
import type { Candidates } from './candidates.ts'
import { type CheckCode, type CodeContext, checkCode, knownWhen } from './check-code.ts'
import { type Classifier, classifierOf } from './classifier.ts'
import { type ClassifiedRules, classifiedSource, type RuleFunction, rowFunction } from './classifier-code.ts'
import type { CallContext } from './condition.ts'
import { FIELDS, type Field } from './fields.ts'
import { linearPrefix } from './linear-prefix.ts'
import { BAIL, CONTINUE, type Program, type ProgramChain, type ProgramRule, RETURNED } from './program.ts'
import { headFor } from './rule-index.ts'
import { inRanges, type Runtime, slotOf } from './runtime.ts'
import { isSteady, isSteadyAction, isSteadyField } from './steadiness.ts'
import type { RuleFinder } from './walk-context.ts'
import { JUMPS_MAX } from './walk-limits.ts'

/** A base chain as a function: a VERDICT_, or BAIL. */
export type CompiledChain = (packet: RulePacket, fields: Int32Array, base: number) => number

/** V8 does not optimise functions with thousands of rules, so chains are split into functions of so many rules. */
const RULES_PER_FUNCTION = 96

/** Kinds of actions that may change marks. */
const CHANGING: ReadonlySet<Action['kind']> = new Set(['assign', 'edit', 'effect'])

/** Guard of jumps: counts them, and holds as long as there are not too many. */
const FOLLOWED = `++k.jumps <= ${JUMPS_MAX}`

/** Rules behind a classifier are compiled in blocks of so many, when the first rule of a block is needed. */
const RULES_PER_BLOCK = 32

/** Names that every generated function can use besides its parameters. */
const NAMES = ['k', 'n', 'inRanges', 'headFor', 'x', 'c']
/** Lines that stand before every piece of generated code. */
const PRELUDE = [
  "'use strict'",
  `function bail(id) { k.trail.ruleIds[0] = id; k.trail.length = 1; return ${BAIL} }`,
  `function via(result, id) { if (result === ${BAIL}) k.trail.ruleIds[k.trail.length++] = id; return result }`,
]

/**
 * Turns a program into one function per base chain. The source consists of numbers and fixed identifiers only:
 * everything of the ruleset that is not a number is in the arrays of the runtime.
 */
export function generate(program: Program, runtime: Runtime, context: CallContext): CompiledProgram {
  const generator = new Generator(program, runtime, context)
  generator.run()
  const bases = program.chains.filter((chain) => chain.policy !== null)
  return {
    chains: new Map(bases.map((chain) => [chain.index, generator.chains[chain.index]])),
    finder: generator,
  }
}

interface CompiledProgram {
  /** Base chains by index. */
  readonly chains: ReadonlyMap<number, CompiledChain>
  readonly finder: RuleFinder
}

/** How to find the rules of a chain that a packet may match. */
interface Finder {
  readonly candidates: Candidates
  /** Rules at the start of the chain that are always evaluated. */
  readonly prefix: number
  readonly rowFunction: string
  readonly isSteady: boolean
}

/** Returns the packet's position in Candidates.rows. */
type FindRow = (packet: RulePacket, fields: Int32Array, base: number) => number

class Generator implements RuleFinder {
  /** By index of the program's chains: `c` of the code. */
  readonly chains: CompiledChain[] = []
  readonly #program: Program
  readonly #runtime: Runtime
  readonly #context: CallContext
  /** `x` of the code. */
  readonly #classified: ClassifiedRules[] = []
  readonly #marksChange: boolean
  /** By chain, where it has a classifier. */
  readonly #finders = new Map<number, Finder>()
  #findRows: ReadonlyMap<number, FindRow> = new Map()

  constructor(program: Program, runtime: Runtime, context: CallContext) {
    this.#program = program
    this.#runtime = runtime
    this.#context = context
    this.#marksChange = program.chains.some(({ rules }) => rules.some(({ action }) => CHANGING.has(action.kind)))
  }

  run(): void {
    const { chains } = this.#program
    const functions = chains.map((chain) => this.#chainSource(chain))
    const list = chains.map(({ index }) => `c${index}`).join(', ')
    const finders = [...this.#finders]
    const rows = finders.map(([, { rowFunction: name }]) => name).join(', ')
    const made = this.#evaluate([...functions, `return [[${list}], [${rows}]]`]) as [CompiledChain[], FindRow[]]
    this.chains.push(...made[0])
    this.#findRows = new Map(finders.map(([chain], at) => [chain, made[1][at]]))
  }

  isSteady(chain: number): boolean {
    return this.#finders.get(chain)?.isSteady !== false
  }

  find(chain: number, packet: RulePacket): Int32Array | null {
    const finder = this.#finders.get(chain)
    const row = this.#findRows.get(chain)?.(packet, packet.fields, packet.base)
    if (finder === undefined || row === undefined) return null
    const { candidates, prefix } = finder
    const at = row + candidates.heads.length
    const start = candidates.rows[at]
    const count = candidates.rows[at + 1]
    const places = new Int32Array(prefix + count)
    for (let index = 0; index < prefix; index++) places[index] = index
    for (let index = 0; index < count; index++) places[prefix + index] = prefix + candidates.list[start + index]
    return places
  }

  #evaluate(lines: readonly string[]): unknown {
    const runtime = this.#runtime
    const values = [runtime, runtime.counters, inRanges, headFor, this.#classified, this.chains]
    return new Function(...NAMES, [...PRELUDE, ...lines].join('\n'))(...values)
  }

  #chainSource({ index, rules, policy }: ProgramChain): string {
    const names: string[] = []
    const pieces: string[] = []
    const add = (source: (name: string) => string): void => {
      const name = `c${index}_${names.length}`
      names.push(name)
      pieces.push(source(name))
    }
    const prefix = linearPrefix(rules)
    const classified = classifierOf(rules.slice(prefix), this.#context.environment, (field) => this.#isFixed(field))
    const linear = classified ? prefix : rules.length
    for (let from = 0; from < linear; from += RULES_PER_FUNCTION) {
      const piece = rules.slice(from, Math.min(from + RULES_PER_FUNCTION, linear))
      add((name) => this.#pieceSource(name, piece))
    }
    if (classified) {
      add((name) => {
        const { candidates, fields } = classified
        const isSteady = fields.every(({ field }) => isSteadyField(FIELDS[field]))
        this.#finders.set(index, { candidates, prefix, rowFunction: rowFunction(name), isSteady })
        return this.#classifiedSource(name, classified, rules.slice(prefix))
      })
    }
    const body: string[] = []
    if (policy === null) {
      for (const name of names) {
        body.push(`  r = ${name}(p, f, b)`, `  if (r !== ${CONTINUE}) return r === ${RETURNED} ? ${CONTINUE} : r`)
      }
      body.push(`  return ${CONTINUE}`)
    } else {
      body.push('  k.jumps = 0')
      for (const name of names) {
        body.push(`  if (r === ${CONTINUE}) r = ${name}(p, f, b)`)
      }
      body.push(`  if (r > ${CONTINUE} || r === ${BAIL}) return r`)
      body.push(`  ${count(policy.id)}; p.decidedBy = ${policy.id}; return ${policy.verdict}`)
    }
    return [...pieces, `function c${index}(p, f, b) {`, '  let r = 0', ...body, '}'].join('\n')
  }

  /** Whether no rule of the table changes the field. */
  #isFixed(field: Field): boolean {
    return ((field.parts ?? 0) & this.#program.editedParts) === 0 && !(field.changes && this.#marksChange)
  }

  #pieceSource(name: string, rules: readonly ProgramRule[]): string {
    const locals = new Map<string, string>()
    const context = this.#codeContext((expression) => {
      const known = locals.get(expression)
      if (known !== undefined) return known
      const local = `v${locals.size}`
      locals.set(expression, local)
      return local
    })
    const body = rules.map((rule) => ruleSource(rule, this.#program, context)).join('\n')
    const declarations = [...locals].map(([expression, local]) => `  const ${local} = ${expression}`).join('\n')
    return `function ${name}(p, f, b) {\n  let r = 0\n${declarations}\n${body}\n  return ${CONTINUE}\n}`
  }

  #codeContext(hoist: (expression: string) => string): CodeContext {
    return { ...this.#context, runtime: this.#runtime, editedHere: this.#program.editedParts, hoist }
  }

  #classifiedSource(name: string, classifier: Classifier, rules: readonly ProgramRule[]): string {
    const functions: RuleFunction[] = []
    const first: RuleFunction = (packet, fields, base, index) => {
      const from = index - (index % RULES_PER_BLOCK)
      const block = this.#ruleFunctions(rules.slice(from, from + RULES_PER_BLOCK))
      for (let at = 0; at < block.length; at++) functions[from + at] = block[at]
      return functions[index](packet, fields, base, index)
    }
    for (let at = 0; at < rules.length; at++) functions.push(first)
    const slot = this.#classified.push({ classifier, rules: functions }) - 1
    return classifiedSource(name, slot, classifier, (field, mask) => knownWhen(field, mask, this.#runtime))
  }

  #ruleFunctions(rules: readonly ProgramRule[]): RuleFunction[] {
    // Expressions are not kept in locals here, since the function evaluates only one rule.
    const context = this.#codeContext((expression) => expression)
    const targets = [...new Set(rules.map(({ target }) => target))].filter((target) => target >= 0)
    const constants = targets.map((target) => `const c${target} = c[${target}]`)
    const functions = rules.map((rule, at) =>
      [`function r${at}(p, f, b) {`, '  let r = 0', ruleSource(rule, this.#program, context), '  return 0', '}'].join(
        '\n',
      ),
    )
    const list = `return [${rules.map((_, at) => `r${at}`).join(', ')}]`
    return this.#evaluate([...constants, ...functions, list]) as RuleFunction[]
  }
}

function ruleSource(rule: ProgramRule, program: Program, context: CodeContext): string {
  const checks = rule.checks.map(({ condition, match }) => ({
    ...checkCode(condition, program.assume.get(match), context),
    steady: isSteady(condition),
    remembers: condition.kind === 'stateful',
  }))
  const last = actionCode(rule, context)
  const bail = `return bail(${rule.id})`
  const lines: string[] = []
  let depth = 0
  const open = (line: string): void => {
    lines.push(`${'  '.repeat(depth + 1)}${line}`)
    depth++
  }
  const guard = (expressions: readonly string[]): void => {
    if (expressions.length === 0) return
    lines.push(`${'  '.repeat(depth + 1)}if (!(${[...new Set(expressions)].join(' && ')})) ${bail}`)
  }
  const ordered = safeOrder(checks)
  // A stateful match cannot be undone, so all guards after it must be checked before.
  const firstMemory = ordered.findIndex(({ remembers }) => remembers)
  let isSteadySoFar = true
  const unsteady = (): void => {
    if (isSteadySoFar) lines.push(`${'  '.repeat(depth + 1)}p.steady = false`)
    isSteadySoFar = false
  }
  for (const [at, check] of ordered.entries()) {
    if (!check.steady) unsteady()
    if (at === firstMemory) guard([...ordered.slice(at).flatMap(({ guards }) => guards), ...last.guards])
    else if (firstMemory < 0 || at < firstMemory) guard(check.guards)
    if (check.test !== 'true') open(`if (${check.test}) {`)
  }
  if (!isSteadyAction(rule.action)) unsteady()
  if (firstMemory < 0) guard(last.guards)
  lines.push(`${'  '.repeat(depth + 1)}${count(rule.id)}; ${last.code}`)
  while (depth > 0) lines.push(`${'  '.repeat(depth--)}}`)
  return lines.join('\n')
}

interface RuleCheck extends CheckCode {
  readonly steady: boolean
  readonly remembers: boolean
}

/**
 * Orders checks as far as hotdrop and memory allow: those without guards first, so that fewer packets need the
 * interpreter; calls last, so that fewer are made; and else steady ones first, so that more packets have steady
 * verdicts.
 */
function safeOrder(checks: readonly RuleCheck[]): RuleCheck[] {
  const ordered: RuleCheck[] = []
  let open: RuleCheck[] = []
  const rank = ({ calls, guards, steady }: RuleCheck): number =>
    (calls ? 4 : 0) + (guards.length > 0 ? 2 : 0) + (steady ? 0 : 1)
  const flush = (): void => {
    ordered.push(...open.toSorted((one, other) => rank(one) - rank(other)))
    open = []
  }
  for (const check of checks) {
    if (check.barrier) {
      flush()
      ordered.push(check)
    } else open.push(check)
  }
  flush()
  return ordered
}

function count(id: number): string {
  return `n[${2 * id}] += 1; n[${2 * id + 1}] += f[b + ${P_L3_LENGTH}]; p.hits[p.hitCount++] = ${id}`
}

function actionCode(rule: ProgramRule, context: CodeContext): { guards: readonly string[]; code: string } {
  const { action, id } = rule
  switch (action.kind) {
    case 'verdict':
      return { guards: [], code: `p.decidedBy = ${id}; return ${action.verdict}` }
    case 'undecided':
      return { guards: ['false'], code: '' }
    case 'return':
      return { guards: [], code: `return ${RETURNED}` }
    case 'jump':
      return { guards: [FOLLOWED], code: `r = c${rule.target}(p, f, b); if (r !== ${CONTINUE}) return via(r, ${id})` }
    case 'goto':
      return { guards: [FOLLOWED], code: `r = c${rule.target}(p, f, b); return r === ${CONTINUE} ? ${RETURNED} : r` }
    case 'continue':
      return { guards: [], code: '' }
    case 'track':
      return { guards: [], code: `if (p.state === ${STATE_INVALID}) p.attach(${action.tracking})` }
    case 'assign':
      return assignCode(action)
    case 'edit': {
      const slot = context.runtime.edits.push(action) - 1
      return { guards: [], code: `r = k.edits[${slot}].edit(p); if (r !== 0) { p.decidedBy = ${id}; return r }` }
    }
    case 'effect':
      return { guards: [], code: `k.effects[${slotOf(action, context.runtime, context)}].apply(p)` }
  }
}

function assignCode(action: AssignAction): { guards: readonly string[]; code: string } {
  const { register, keep, from, take, shift = 0, value } = action
  const guards: string[] = []
  if (from === 'mark') guards.push(FIELDS.mark.known(take))
  if (from === 'connectionMark' || register === 'connectionMark') guards.push(FIELDS.connectionMark.known())
  const taken = from === null ? '0' : `(${FIELDS[from].expression} & ${take | 0})`
  const source = shift === 0 ? taken : shift < 0 ? `(${taken} >>> ${-shift})` : `(${taken} << ${shift})`
  const result = `((${FIELDS[register].expression} & ${keep | 0}) ^ ${source} ^ ${value | 0})`
  if (register === 'mark') {
    const code = `p.mark = ${result}; p.unknownMark &= ${keep | 0}`
    return { guards, code: from === null ? code : `if (p.direction >= 0) { ${code} }` }
  }
  return { guards, code: `if (p.connection >= 0) p.connections.setMark(p.connection, ${result})` }
}
