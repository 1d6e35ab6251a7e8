import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import type { RulePacket } from '../rule-packet.ts'
import type { AssignAction } from './action.ts'
import { type CheckCode, type CodeContext, checkCode } from './check-code.ts'
import type { CallContext } from './condition.ts'
import { FIELDS } from './fields.ts'
import { BAIL, CONTINUE, type Program, type ProgramChain, type ProgramRule, RETURNED } from './program.ts'
import { inRanges, type Runtime, slotOf } from './runtime.ts'

/** A base chain as a function: a VERDICT_, or BAIL. */
export type CompiledChain = (packet: RulePacket, fields: Int32Array, base: number) => number

/** V8 does not optimise functions of thousands of rules, so that chains are cut into pieces. */
const RULES_PER_FUNCTION = 96

/**
 * Turns a program into one function per base chain. The text is made of numbers and fixed identifiers only: everything
 * of the ruleset that is not a number is in the runtime's arrays.
 */
export function generate(program: Program, runtime: Runtime, context: CallContext): ReadonlyMap<number, CompiledChain> {
  const bases = program.chains.filter((chain) => chain.policy !== null)
  const source = [
    "'use strict'",
    'function bail(id) { k.trail.ruleIds[0] = id; k.trail.length = 1; return -1 }',
    'function via(result, id) { if (result === -1) k.trail.ruleIds[k.trail.length++] = id; return result }',
    ...program.chains.map((chain) => chainSource(chain, program, runtime, context)),
    `return [${bases.map((chain) => `c${chain.index}`).join(', ')}]`,
  ].join('\n')
  const functions = new Function('k', 'n', 'inRanges', source)(runtime, runtime.counters, inRanges) as CompiledChain[]
  return new Map(bases.map((chain, at) => [chain.index, functions[at]]))
}

function chainSource(chain: ProgramChain, program: Program, runtime: Runtime, context: CallContext): string {
  const pieces: string[] = []
  const names: string[] = []
  for (let from = 0; from < chain.rules.length; from += RULES_PER_FUNCTION) {
    const name = `c${chain.index}_${from / RULES_PER_FUNCTION}`
    names.push(name)
    pieces.push(pieceSource(name, chain.rules.slice(from, from + RULES_PER_FUNCTION), program, runtime, context))
  }
  const { policy } = chain
  const body: string[] = []
  if (policy === null) {
    for (const name of names) {
      body.push(`  r = ${name}(p, f, b)`, `  if (r !== ${CONTINUE}) return r === ${RETURNED} ? ${CONTINUE} : r`)
    }
    body.push(`  return ${CONTINUE}`)
  } else {
    for (const name of names) {
      body.push(`  if (r === ${CONTINUE}) r = ${name}(p, f, b)`)
    }
    body.push(`  if (r > ${CONTINUE} || r === ${BAIL}) return r`)
    body.push(`  ${count(policy.id)}; p.decidedBy = ${policy.id}; return ${policy.verdict}`)
  }
  return [...pieces, `function c${chain.index}(p, f, b) {`, '  let r = 0', ...body, '}'].join('\n')
}

function pieceSource(
  name: string,
  rules: readonly ProgramRule[],
  program: Program,
  runtime: Runtime,
  context: CallContext,
): string {
  const locals = new Map<string, string>()
  const codeContext: CodeContext = {
    ...context,
    runtime,
    editedHere: program.editedParts,
    hoist(expression) {
      const known = locals.get(expression)
      if (known !== undefined) return known
      const local = `v${locals.size}`
      locals.set(expression, local)
      return local
    },
  }
  const body = rules.map((rule) => ruleSource(rule, program, codeContext)).join('\n')
  const declarations = [...locals].map(([expression, local]) => `  const ${local} = ${expression}`).join('\n')
  return `function ${name}(p, f, b) {\n  let r = 0\n${declarations}\n${body}\n  return ${CONTINUE}\n}`
}

function ruleSource(rule: ProgramRule, program: Program, context: CodeContext): string {
  const checks = rule.checks.map(({ condition, match }) => checkCode(condition, program.assume.get(match), context))
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
  // What a stateful match took cannot be given back, so that a rule with one must know its way before it starts.
  const remembers = rule.checks.some(({ condition }) => condition.kind === 'stateful')
  const remaining = ordered.flatMap((check) => check.guards)
  if (remembers) guard([...remaining, ...last.guards])
  for (const check of ordered) {
    if (!remembers) guard(check.guards)
    if (check.test !== 'true') open(`if (${check.test}) {`)
  }
  if (!remembers) guard(last.guards)
  lines.push(`${'  '.repeat(depth + 1)}${count(rule.id)}; ${last.code}`)
  while (depth > 0) lines.push(`${'  '.repeat(depth--)}}`)
  return lines.join('\n')
}

/** Checks that need no guard first, as far as hotdrop and memory allow: fewer packets then need the interpreter. */
function safeOrder(checks: readonly CheckCode[]): CheckCode[] {
  const ordered: CheckCode[] = []
  let open: CheckCode[] = []
  const flush = (): void => {
    ordered.push(
      ...open.filter((check) => check.guards.length === 0),
      ...open.filter((check) => check.guards.length > 0),
    )
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
  return `n[${2 * id}] += 1; n[${2 * id + 1}] += f[b + ${P_L3_LENGTH}]`
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
      return { guards: [], code: `r = c${rule.target}(p, f, b); if (r !== ${CONTINUE}) return via(r, ${id})` }
    case 'goto':
      return { guards: [], code: `r = c${rule.target}(p, f, b); return r === ${CONTINUE} ? ${RETURNED} : r` }
    case 'continue':
      return { guards: [], code: '' }
    case 'track':
      return { guards: [], code: `if (p.tracking === 0) p.tracking = ${action.tracking}` }
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
  const { register, keep, from, take, value } = action
  const guards: string[] = []
  if (from === 'mark') guards.push(FIELDS.mark.known(take))
  if (from === 'connectionMark' || register === 'connectionMark') guards.push(FIELDS.connectionMark.known())
  const source = from === null ? '0' : `(${FIELDS[from].expression} & ${take | 0})`
  const result = `((${FIELDS[register].expression} & ${keep | 0}) ^ ${source} ^ ${value | 0})`
  if (register === 'mark') {
    const code = `p.mark = ${result}; p.unknownMark &= ${keep | 0}`
    return { guards, code: from === null ? code : `if (p.connection >= 0) { ${code} }` }
  }
  return { guards, code: `if (p.connection >= 0) p.connections.setMark(p.connection, ${result})` }
}
