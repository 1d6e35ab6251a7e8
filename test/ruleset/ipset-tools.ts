import { spawnSync } from 'node:child_process'
import { parseSets, RulesetError } from '../../src/ruleset/index.ts'
import { ElementStore, NEVER } from '../../src/ruleset/ipset/element-store.ts'
import { keyWidth, type SetDefinition } from '../../src/ruleset/ipset/set-definition.ts'
import { HZ } from '../../src/ruleset/packet/ticks.ts'
import { noIptables } from './iptables-tools.ts'
import { savedAfterEach } from './saved-files.ts'

/** Why ipset cannot be run; '' if it can. */
export const noIpset =
  noIptables || (spawnSync('unshare', ['-n', 'ipset', 'list']).status === 0 ? '' : 'skipped: no ipset in a namespace')

/** Whether the kernel has this type of set. */
export function isTypeOfKernel(create: string): boolean {
  return spawnSync('unshare', ['-n', 'ipset', 'create', 's', ...create.split(' ')]).status === 0
}

/** A file of `ipset restore`, its lines separated by semicolons. */
export type SetFile = string

function textOf(file: SetFile): string {
  return `${file.split(';').join('\n')}\n`
}

/** The most seconds between the creation of an element and its listing. */
const SECONDS_BETWEEN = 5

/** What `ipset save` prints after each file, or null where `ipset restore` (with these options) refuses it. */
function savedByIpset(files: readonly SetFile[], options = ''): (string | null)[] {
  return savedAfterEach(files.map(textOf), {
    // Sets that are members of a list cannot be destroyed: flush empties the lists first.
    empty: { command: 'ipset restore', input: 'flush\ndestroy\n' },
    restore: `ipset ${options} restore`,
    save: 'ipset save',
  })
}

/** The sets that we read from a text, or why we refuse it. */
function readByUs(text: string): { readonly sets: readonly SetDefinition[] | null; readonly why: string } {
  try {
    return { sets: parseSets(text, 'sets'), why: '' }
  } catch (error) {
    if (error instanceof RulesetError) return { sets: null, why: error.message }
    throw error
  }
}

/** A file that ipset and we do not agree on. */
interface Difference {
  readonly file: SetFile
  readonly what: string
}

/** @param options of ipset, for example -exist */
export function differencesOf(files: readonly SetFile[], options = ''): Difference[] {
  const saved = savedByIpset(files, options)
  return files.flatMap((file, index) => {
    const theirs = saved[index]
    const ours = readByUs(textOf(file))
    if (theirs === null) return ours.sets === null ? [] : [{ file, what: 'ipset refuses, we take' }]
    if (ours.sets === null) return [{ file, what: `ipset takes, we refuse: ${ours.why}` }]
    const read = readByUs(theirs)
    if (read.sets === null) return [{ file, what: `we refuse what ipset saved: ${read.why}` }]
    const [mine, wanted] = [contentsOf(ours.sets), contentsOf(read.sets)]
    return isSame(mine, wanted) ? [] : [{ file, what: `${theirs}is for us ${mine.text}, not ${wanted.text}` }]
  })
}

/** The contents of sets in a form that can be compared, in an order that does not depend on the file's. */
interface Contents {
  readonly text: string
  /** Timeouts of the elements, in the order of the text. They count down while ipset runs. */
  readonly seconds: readonly number[]
}

function isSame(ours: Contents, theirs: Contents): boolean {
  return (
    ours.text === theirs.text &&
    ours.seconds.every(
      (seconds, at) => seconds >= theirs.seconds[at] && seconds - theirs.seconds[at] <= SECONDS_BETWEEN,
    )
  )
}

function contentsOf(sets: readonly SetDefinition[]): Contents {
  const sorted = sets.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const elements = sorted.map((set) => elementsOf(set))
  const headers = sorted.map(({ elements: _, interfaces: _names, forceAdd: _notSavedByAll, ...header }) => header)
  return {
    text: JSON.stringify(headers.map((header, at) => ({ ...header, elements: elements[at].map(({ text }) => text) }))),
    seconds: elements.flatMap((all) => all.map(({ seconds }) => seconds)),
  }
}

/** The elements that rules look up, sorted. */
function elementsOf(set: SetDefinition): { text: string; seconds: number }[] {
  const { type, family, interfaces } = set
  const store = new ElementStore(keyWidth(type, family))
  store.load(set, () => {})
  const { table, packets, bytes, mark, markMask, macs, expires } = store
  const { width } = table
  const elements = Array.from({ length: table.high }, (_, slot) => {
    const key: (number | string)[] = [...table.keys.slice(slot * width, (slot + 1) * width)]
    if (type === 'hash:net,iface') key.push(JSON.stringify(interfaces[Number(key.pop())]))
    const [mac, more] = macs.slice(2 * slot, 2 * slot + 2)
    const rest = [packets[slot], bytes[slot], mark[slot] >>> 0, markMask[slot] >>> 0, mac < 0 ? '' : `${mac}:${more}`]
    return {
      text: `${key.join()} ${store.isNomatch(slot)} ${rest.join()}`,
      seconds: expires[slot] === NEVER ? 0 : expires[slot] / HZ,
    }
  })
  return elements.sort((a, b) => (a.text < b.text ? -1 : 1))
}
