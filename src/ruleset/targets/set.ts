import type { Effect } from '../evaluate/action.ts'
import type { CallContext } from '../evaluate/condition.ts'
import { NO, UNKNOWN } from '../evaluate/condition.ts'
import type { RuleContext, Target, TargetExtension } from '../extension.ts'
import type { IpSet } from '../ipset/ip-set.ts'
import { findSet } from '../matches/set.ts'
import { HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING } from '../packet/hooks.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import type { Options } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { parseSetReference, type SetReference } from '../text/set-options.ts'

const TIMEOUT_MAX = 0xffff_fffe
const OPERATIONS = ['add-set', 'del-set', 'map-set'] as const
const MAPPED = ['map-mark', 'map-prio', 'map-queue'] as const

interface SetTarget {
  readonly add: SetReference | null
  readonly del: SetReference | null
  readonly map: SetReference | null
  readonly exist: boolean
  /** Seconds; null: the set's own. */
  readonly timeout: number | null
  readonly mapMark: boolean
}

/** Puts the packet's addresses into sets or takes them out; sets the mark from a set. */
export const set: TargetExtension = {
  name: 'SET',
  options: [
    // iptables passes over a ! before any of them, and over what is given twice.
    ...OPERATIONS.map((name) => ({ name, values: 2, negatable: true })),
    { name: 'exist', values: 0, negatable: true, repeatable: true },
    { name: 'timeout', negatable: true, repeatable: true },
    ...MAPPED.map((name) => ({ name, values: 0, negatable: true, repeatable: true })),
  ],
  parse: parseSet,
}

function parseSet(options: Options, { table, warn }: RuleContext): Target {
  const negated = options.uses.find((use) => use.negated)
  if (negated) {
    warn(`line ${negated.at.line}: "! --${negated.spec.name}" says what "--${negated.spec.name}" says; take the ! away`)
  }
  if (OPERATIONS.every((name) => !options.has(name))) {
    throw new Refusal(options.at, 'SET needs --add-set, --del-set or --map-set')
  }
  const reference = (name: string): SetReference | null => {
    const use = options.get(name)
    return use ? parseSetReference(use, false) : null
  }
  const onlyAdding = options.get('exist') ?? options.get('timeout')
  if (onlyAdding && !options.has('add-set')) {
    throw new Refusal(onlyAdding.at, `--${onlyAdding.spec.name} stands only with --add-set; take it away`)
  }
  const mapped = MAPPED.filter((name) => options.has(name))
  const map = options.get('map-set')
  if (map && mapped.length === 0) throw new Refusal(map.at, '--map-set needs --map-mark, --map-prio or --map-queue')
  if (!map && mapped.length > 0) throw new Refusal(options.at, `--${mapped[0]} needs --map-set`)
  if (map && table !== 'mangle') throw new Refusal(map.at, '--map-set can be used in the table mangle only')
  const timeouts = options.every('timeout').map(({ values: [value] }) => parseNumber(value, 0, TIMEOUT_MAX, 'timeout'))
  const target: SetTarget = {
    add: reference('add-set'),
    del: reference('del-set'),
    map: reference('map-set'),
    exist: options.has('exist'),
    timeout: timeouts.at(-1) ?? null,
    mapMark: options.has('map-mark'),
  }
  const queued = map && mapped.some((name) => name !== 'map-mark')
  return {
    ...(queued && { hooks: [HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING] }),
    print: () => printTarget(target, map ? mapped : []),
    prepare(context) {
      for (const one of [target.add, target.del]) {
        const found = one && findSet(one.name, context)
        if (found) found.changes = true
      }
    },
    action: { kind: 'effect', create: (context) => new SetEffect(target, context) },
  }
}

function printTarget(target: SetTarget, mapped: readonly string[]): string {
  const parts: string[] = []
  if (target.add) {
    parts.push(`--add-set ${target.add.text}`)
    if (target.exist) parts.push('--exist')
    if (target.timeout !== null) parts.push(`--timeout ${target.timeout}`)
  }
  if (target.del) parts.push(`--del-set ${target.del.text}`)
  if (target.map) parts.push(`--map-set ${target.map.text}`, ...mapped.map((name) => `--${name}`))
  return parts.join(' ')
}

/** A set that was not given stays unknown, so that nothing needs to be remembered for it. */
class SetEffect implements Effect {
  readonly #target: SetTarget
  readonly #add: IpSet | null
  readonly #del: IpSet | null
  readonly #map: IpSet | null
  readonly #mapUnknown: boolean

  constructor(target: SetTarget, context: CallContext) {
    const find = (reference: SetReference | null): IpSet | null => {
      const found = reference && findSet(reference.name, context)
      const family = found?.definition.family ?? context.family
      return found && family === context.family ? found : null
    }
    this.#target = target
    this.#add = find(target.add)
    this.#del = find(target.del)
    this.#map = target.mapMark ? find(target.map) : null
    this.#mapUnknown = target.mapMark && target.map !== null && findSet(target.map.name, context) === null
  }

  apply(packet: RulePacket): void {
    const { add, del, map, timeout, exist } = this.#target
    if (this.#add && add) this.#add.add(packet, add.flags, timeout, exist)
    if (this.#del && del) this.#del.delete(packet, del.flags)
    if (this.#map && map) this.#mapMark(packet, this.#map, map)
    if (this.#mapUnknown) packet.unknownMark = -1
  }

  applyPerhaps(packet: RulePacket): void {
    const { add, del, map, exist } = this.#target
    if (this.#add && add) this.#add.addPerhaps(packet, add.flags, exist)
    if (this.#del && del) this.#del.deletePerhaps(packet, del.flags)
    if (this.#map && map) this.#mapMark(packet, this.#map, map)
    if (this.#mapUnknown) packet.unknownMark = -1
  }

  #mapMark(packet: RulePacket, found: IpSet, { flags }: SetReference): void {
    const answer = found.test(packet, flags, null)
    if (answer === UNKNOWN) packet.unknownMark = -1
    if (answer === NO || answer === UNKNOWN || !found.definition.skbinfo) return
    packet.mark = (packet.mark & ~found.hitMarkMask) ^ found.hitMark
    packet.unknownMark &= ~found.hitMarkMask
  }
}
