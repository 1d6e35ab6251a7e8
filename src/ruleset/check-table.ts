import { isBareVerdict } from './bare-verdict.ts'
import { HOOK_NAMES } from './packet/hooks.ts'
import type { Chain, Rule, Table } from './rule.ts'
import { TABLE_HOOKS } from './tables.ts'
import { Refusal } from './text/ruleset-error.ts'

/**
 * What the kernel checks when a table is loaded: no jumps to base chains, no loops that a packet could reach, and no
 * match or target at a hook where it does not exist, unless it comes after a bare verdict. Throws Refusal.
 */
export function checkTable(table: Table): void {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]))
  for (const chain of table.chains) {
    for (const rule of chain.rules) {
      const target = targetChain(rule)
      if (target !== null && chains.get(target)?.policy !== null) {
        throw new Refusal(
          rule,
          `a rule cannot go to the base chain "${target}"; put its rules into a chain of their own`,
        )
      }
    }
  }
  for (const hook of TABLE_HOOKS[table.name]) {
    const base = chains.get(HOOK_NAMES[hook])
    if (base) checkReachable(base, hook, chains)
  }
}

/** The chain that a rule jumps or goes to, or null. */
export function targetChain(rule: Rule): string | null {
  const action = rule.target?.target.action
  return action && (action.kind === 'jump' || action.kind === 'goto') ? action.chain : null
}

interface Visit {
  readonly chain: Chain
  next: number
}

/** Depth first, without recursion, since chains may be nested to any depth. */
function checkReachable(base: Chain, hook: number, chains: ReadonlyMap<string, Chain>): void {
  const done = new Set<string>()
  const open = new Set([base.name])
  const stack: Visit[] = [{ chain: base, next: 0 }]
  for (let visit = stack.at(-1); visit; visit = stack.at(-1)) {
    const rule = visit.chain.rules[visit.next++]
    if (rule === undefined) {
      stack.pop()
      open.delete(visit.chain.name)
      done.add(visit.chain.name)
      continue
    }
    checkHook(rule, hook, base.name)
    if (isBareVerdict(rule)) visit.next = visit.chain.rules.length
    const target = targetChain(rule)
    const chain = target === null ? undefined : chains.get(target)
    if (target === null || !chain || done.has(target)) continue
    if (open.has(target)) throw new Refusal(rule, `this closes a loop: "${target}" leads here; take the jump out`)
    open.add(target)
    stack.push({ chain, next: 0 })
  }
}

function checkHook(rule: Rule, hook: number, base: string): void {
  for (const { name, hooks } of rule.matches) {
    if (hooks !== null && !hooks.includes(hook)) throw misplaced(rule, '-m', name, hooks, base)
  }
  const hooks = rule.target?.hooks ?? null
  if (hooks !== null && !hooks.includes(hook)) throw misplaced(rule, '-j', rule.target?.name ?? '', hooks, base)
}

function misplaced(rule: Rule, option: '-m' | '-j', name: string, hooks: readonly number[], base: string): Refusal {
  const names = hooks.map((one) => HOOK_NAMES[one]).join(', ')
  const words = option === '-m' ? '(?:-m|--match)' : '(?:-j|--jump)'
  const place = Math.max(0, rule.text.search(new RegExp(`${words}[= ]*"?${name}\\b`)))
  return new Refusal(
    { line: rule.line, column: rule.column + place },
    `${option} ${name} works only in ${names}, but packets of ${base} come here; move the rule`,
  )
}
