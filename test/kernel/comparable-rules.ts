/**
 * What the kernel cannot be asked about through the oracle is taken out of a ruleset, for both sides alike, so that all the
 * rest stays comparable to the letter. Every change is named.
 */
interface ComparableRules {
  text: string
  /** What was taken out, with how often: "clause limit" → 3. */
  changes: Map<string, number>
}

interface Change {
  name: string
  /** Applies to rule lines that match this. */
  pattern: RegExp
  /** 'clause': only the matched text goes, the rule stays. 'rule': the rule goes. */
  takes: 'clause' | 'rule'
  /** It hangs on the kernel's real clock alone. */
  clock?: true
}

/** A word or a quoted string, as iptables-save writes them. */
const WORD = String.raw`(?:"(?:[^"\\]|\\.)*"|\S+)`

/** Options as iptables-save does not spell them, but people do. */
const SHORT = new Map([
  ['--append', '-A'],
  ['--insert', '-I'],
  ['--match', '-m'],
  ['--jump', '-j'],
  ['--in-interface', '-i'],
  ['--out-interface', '-o'],
])

const CHANGES: readonly Change[] = [
  // The token bucket of limit and hashlimit runs on the kernel's real time: a capture of an hour passes in a moment.
  { name: 'rule hashlimit-above', pattern: /--hashlimit-above\b|! --hashlimit-upto\b/, takes: 'rule', clock: true },
  {
    name: 'clause limit',
    pattern: new RegExp(` -m limit(?: --limit(?:-burst)? ${WORD})*`),
    takes: 'clause',
    clock: true,
  },
  {
    name: 'clause hashlimit',
    pattern: new RegExp(` -m hashlimit(?: --hashlimit(?:-[a-z]+)* ${WORD})+`),
    takes: 'clause',
    clock: true,
  },
  { name: 'rule recent with --seconds', pattern: /-m recent\b.*--seconds\b/, takes: 'rule', clock: true },
  { name: 'rule time', pattern: / -m time\b/, takes: 'rule', clock: true },
  // The oracle parks connections at a timeout of its own, and deletes them when theirs is over by the capture's clock.
  { name: 'rule conntrack with --ctexpire', pattern: / --ctexpire\b/, takes: 'rule', clock: true },
  // UDP is ASSURED two seconds after it began; the oracle sees that only behind the packet that shows it.
  { name: 'rule conntrack with ASSURED', pattern: / --ctstatus \S*\bASSURED\b/, takes: 'rule', clock: true },
  { name: 'rule quota', pattern: / -m quota2?\b/, takes: 'rule', clock: true },
  { name: 'rule rateest', pattern: / -m rateest\b/, takes: 'rule', clock: true },
  { name: 'rule statistic random', pattern: / -m statistic\b.*--mode random/, takes: 'rule' },
  // The oracle's devices have no link layer: there, mac never matches and every packet is of type unicast.
  { name: 'rule mac', pattern: / -m (?:mac|eui64)\b/, takes: 'rule' },
  { name: 'rule pkttype', pattern: / -m pkttype\b/, takes: 'rule' },
  // Reverse path filtering and the local addresses of a real router are not those of the oracle's namespace.
  { name: 'rule rpfilter', pattern: / -m rpfilter\b/, takes: 'rule' },
  // Sets have to exist before the rules are loaded.
  { name: 'rule set', pattern: / (?:-m set|-j SET)\b/, takes: 'rule' },
  // What the process, the box or the route behind a packet is: the oracle's own, not that of the capture.
  { name: 'rule owner', pattern: / -m (?:owner|cgroup|socket|cpu|physdev|realm)\b/, takes: 'rule' },
  // It looks at connections by their events.
  { name: 'rule CT with events', pattern: / -j CT\b.* --(?:ct|exp)events\b/, takes: 'rule' },
  // The packet leaves netfilter, or answers of the kernel's own would be needed.
  {
    name: 'rule with a target outside netfilter',
    pattern: / -j (?:NFQUEUE|TARPIT|TEE|SYNPROXY|TPROXY)\b/,
    takes: 'rule',
  },
]

/** Left in where true. */
export interface ComparableOptions {
  /** The nat table: only when both sides translate. */
  nat?: boolean
  /** Rules with connlimit: only when the kernel is given a tick for each packet. */
  connlimit?: boolean
  /** What hangs on the clock: only when the kernel is given the packets at their own times, and these are now. */
  clock?: boolean
}

export function comparableRules(
  text: string,
  { nat = false, connlimit = false, clock = false }: ComparableOptions = {},
): ComparableRules {
  const changes = new Map<string, number>()
  const count = (name: string): void => {
    changes.set(name, (changes.get(name) ?? 0) + 1)
  }
  let table = ''
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('*')) table = line.slice(1).trim()
    if (table === 'nat' && !nat) {
      if (line.startsWith('*')) count('table nat')
      return '#'
    }
    const short = asSaved(line)
    if (!/^(?:\[\d+:\d+\] )?-[AI] /.test(short)) return line
    if (!connlimit && / -m connlimit\b/.test(short)) {
      count('rule connlimit')
      return '#'
    }
    let kept = short
    for (const { name, pattern, takes, clock: needsClock } of CHANGES) {
      if ((clock && needsClock) || !pattern.test(kept)) continue
      count(name)
      if (takes === 'rule') return '#'
      while (pattern.test(kept)) kept = kept.replace(pattern, '')
    }
    return kept === short ? line : kept
  })
  return { text: lines.join('\n'), changes }
}

/** A line with one blank between words, and options in the spelling that iptables-save chooses. */
function asSaved(line: string): string {
  const words = line.match(new RegExp(WORD, 'g')) ?? []
  return words.map((word) => SHORT.get(word) ?? word).join(' ')
}

/**
 * Names for the two devices, so that rules with `-i` and `-o` get their share of packets: the names that the FORWARD
 * rules mention most often, tin and tout where there are none.
 */
export function likelyInterfaces(text: string): { inInterface: string; outInterface: string } {
  const inputs = namesByFrequency(text, /^-[AI] (?:.* )?(?<!! )-i ("?[^\s"]+)/)
  const outputs = namesByFrequency(text, /^-[AI] (?:.* )?(?<!! )-o ("?[^\s"]+)/)
  const inInterface = inputs[0] ?? 'tin'
  const outInterface = outputs.find((name) => name !== inInterface) ?? (inInterface === 'tout' ? 'tout2' : 'tout')
  return { inInterface, outInterface }
}

function namesByFrequency(text: string, pattern: RegExp): string[] {
  const counts = new Map<string, number>()
  for (const line of text.split('\n').map(asSaved)) {
    const name = pattern.exec(line)?.[1].replace('"', '').replace(/\+$/, '0')
    if (name === undefined || name === 'lo' || name === 'lo0' || name.length > 15) continue
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name)
}
