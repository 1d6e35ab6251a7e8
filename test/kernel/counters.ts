import type { CounterUnfairness } from './fair-counters.ts'

/** A rule or a policy with what it counted, as `iptables-save -c` prints it. */
export interface Counted {
  /** `ipv4 nat POSTROUTING rule 2`, `ipv6 filter FORWARD policy`. */
  readonly name: string
  /** `[3:180]`: packets and bytes. */
  readonly counters: string
  /** The rule, or the policy's word. */
  readonly text: string
}

export interface CounterComparison {
  /** Why counters are not compared for this pair, null where they are. */
  unfair: CounterUnfairness | null
  /** Rules and policies of the kernel's that were compared. */
  compared: number
  /** Of these, by both sides equally not met by any packet. */
  zero: number
  equal: number
  differences: CounterDifference[]
}

export interface CounterDifference {
  kernel: Counted | null
  ours: Counted | null
}

/** Rules and policies in the order of the text; user chains count nothing of their own. */
export function countedIn(saved: string, family: 'ipv4' | 'ipv6'): Counted[] {
  let table = ''
  const numbers = new Map<string, number>()
  const counted: Counted[] = []
  for (const line of saved.split('\n')) {
    const chain = /^:(\S+) (\S+) (\[\d+:\d+\])$/.exec(line)
    const rule = /^(\[\d+:\d+\]) (-A (\S+).*)$/.exec(line)
    if (line.startsWith('*')) table = line.slice(1)
    else if (chain && chain[2] !== '-') {
      counted.push({ name: `${family} ${table} ${chain[1]} policy`, counters: chain[3], text: chain[2] })
    } else if (rule) {
      const place = `${family} ${table} ${rule[3]}`
      const number = (numbers.get(place) ?? 0) + 1
      numbers.set(place, number)
      counted.push({ name: `${place} rule ${number}`, counters: rule[1], text: rule[2] })
    }
  }
  return counted
}

export function compareCounters(
  kernel: readonly Counted[],
  ours: readonly Counted[],
  unfair: CounterUnfairness | null,
): CounterComparison {
  const result: CounterComparison = { unfair, compared: 0, zero: 0, equal: 0, differences: [] }
  if (unfair !== null) return result
  const left = new Map(ours.map((one) => [one.name, one]))
  for (const one of kernel) {
    const own = left.get(one.name) ?? null
    left.delete(one.name)
    result.compared++
    if (own?.counters !== one.counters) result.differences.push({ kernel: one, ours: own })
    else {
      result.equal++
      if (one.counters === '[0:0]') result.zero++
    }
  }
  for (const own of left.values()) result.differences.push({ kernel: null, ours: own })
  return result
}

/** On one line, for people. */
export function counterText({ kernel, ours }: CounterDifference): string {
  const name = (kernel ?? ours)?.name ?? ''
  return `${name}: kernel ${kernel?.counters ?? '(none)'}, ours ${ours?.counters ?? '(none)'}: ${(kernel ?? ours)?.text}`
}
