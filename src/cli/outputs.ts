import { fstatSync, realpathSync, type Stats } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { isatty } from 'node:tty'
import { printable } from '../report/text.ts'
import { UsageError } from './exit-codes.ts'
import { identityOf, statsAt } from './file-identity.ts'

/** The options that name output files. */
export const OUTPUT_OPTIONS = ['ndjson', 'csv', 'parquet', 'counters', 'counters6'] as const
type OutputOption = (typeof OUTPUT_OPTIONS)[number]
/** Where each output goes: a path, `-` for standard output, undefined where it was not asked for. */
export type Outputs = Readonly<Record<OutputOption, string | undefined>>

/** Names of standard output, whatever it is redirected to. */
const NAMES_OF_STDOUT: ReadonlySet<string> = new Set(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])
/** File descriptor of standard output. */
export const STDOUT = 1

/**
 * The outputs as given, but with `-` for every other name of standard output: if that file were opened a second time,
 * two writers would write to it from its beginning.
 * @throws UsageError where two of them would write to the same file
 */
export function outputsOf(given: (option: OutputOption) => string | undefined): Outputs {
  const names = OUTPUT_OPTIONS.flatMap((option) => {
    const path = given(option)
    return path === undefined ? [] : [{ option, path, isStdout: isStandardOutput(path) }]
  })
  const toStdout = names.filter(({ isStdout }) => isStdout)
  if (toStdout.some(({ option }) => option === 'parquet')) {
    throw new UsageError('--parquet needs a file other than standard output; a pipe cannot be read as Parquet')
  }
  if (toStdout.length > 1) {
    const written = toStdout.map(({ option, path }) => `--${option} ${path}`).join(' and ')
    throw new UsageError(`${written}: only one can have standard output`)
  }
  const places = new Map<string, string>()
  for (const { option, path, isStdout } of names) {
    const place = isStdout ? null : placeOf(path)
    if (place === null) continue
    const other = places.get(place)
    if (other !== undefined) {
      throw new UsageError(`--${other} and --${option} would write the same file; give each a file of its own`)
    }
    places.set(place, option)
  }
  const paths = new Map(names.map(({ option, path, isStdout }) => [option, isStdout ? '-' : path]))
  const pathOf = (option: OutputOption): [OutputOption, string | undefined] => [option, paths.get(option)]
  return Object.fromEntries(OUTPUT_OPTIONS.map(pathOf)) as Outputs
}

/**
 * @param output a path, or `-` for standard output
 * @throws UsageError when writing it would destroy one of the inputs, under whatever name
 */
export function refuseToOverwrite(option: string, output: string, inputs: readonly string[]): void {
  const there = output === '-' ? stdoutStats() : statsAt(output)
  if (there?.isFile() !== true) return
  for (const input of inputs) {
    if (isSame(statsAt(input), there)) {
      throw new UsageError(`${option} ${printable(output)} would overwrite the input ${printable(input)}`)
    }
  }
}

/**
 * By name, or because it is the file, pipe or terminal that standard output leads to. Other devices, such as /dev/null,
 * may be written by several.
 */
function isStandardOutput(path: string): boolean {
  if (path === '-' || NAMES_OF_STDOUT.has(resolve(path))) return true
  const there = statsAt(path)
  return isSame(there, stdoutStats()) && (there?.isCharacterDevice() !== true || isatty(STDOUT))
}

/**
 * The same for all names of one file, even one that does not exist yet; null for devices, which several outputs may
 * share.
 */
function placeOf(path: string): string | null {
  const there = statsAt(path)
  if (there?.isCharacterDevice() === true) return null
  if (there !== null) return identityOf(there)
  const folder = dirname(resolve(path))
  try {
    return join(realpathSync(folder), basename(path))
  } catch {
    return resolve(path)
  }
}

function isSame(one: Stats | null, other: Stats | null): boolean {
  return one !== null && other !== null && identityOf(one) === identityOf(other)
}

function stdoutStats(): Stats | null {
  try {
    return fstatSync(STDOUT)
  } catch {
    return null
  }
}
