import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where C sources were compiled to, or why they could not be. */
export type Compiled = { readonly program: string } | { readonly why: string }

/**
 * Compiles C sources once per content; several test processes may do so at the same time, the last rename wins.
 * @param sources paths; headers among them only count for the content
 */
export function compiled(name: string, sources: readonly string[], flags: readonly string[]): Compiled {
  const hash = createHash('sha256').update(flags.join(' '))
  for (const source of sources) hash.update(basename(source)).update(readFileSync(source))
  const folder = join(findUp('node_modules'), '.cache', 'ctreplay')
  const program = join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(program)) return { program }
  const compiler = ['cc', 'gcc', 'clang'].find(onPath)
  if (compiler === undefined) return { why: 'no C compiler on PATH' }
  mkdirSync(folder, { recursive: true })
  const unfinished = `${program}.${process.pid}`
  const inputs = sources.filter((source) => source.endsWith('.c'))
  const done = spawnSync(compiler, [...flags, '-o', unfinished, ...inputs], { encoding: 'utf8' })
  if (done.status !== 0) return { why: `${compiler} cannot build ${name}: ${done.stderr.split('\n')[0]}` }
  renameSync(unfinished, program)
  return { program }
}

export function onPath(tool: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The nearest `relative` above this file: it is run from its place in the sources, or compiled somewhere below. */
export function findUp(relative: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, relative)
    if (existsSync(candidate)) return candidate
    if (folder === dirname(folder)) throw new Error(`no ${relative} above ${import.meta.url}`)
  }
}
