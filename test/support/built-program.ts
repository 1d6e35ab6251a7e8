import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The program as users get it, built apart so that no other build gets in the way. */
interface BuiltProgram {
  /** Where there is room for the test's own files. */
  readonly folder: string
  readonly dist: string
  /** The modules that were bundled. */
  readonly modules: string
  /** The command's entry. */
  readonly main: string
  /** The built library, in this process: its threads can be started, as Node cannot start one from a .ts file. */
  load(): Promise<typeof import('../../src/index.ts')>
  remove(): void
}

export function buildProgram(): BuiltProgram {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-built-'))
  const built = join(folder, 'build')
  const dist = join(built, 'dist')
  const modules = join(built, 'build')
  mkdirSync(built)
  copyFileSync(join(ROOT, 'package.json'), join(built, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(built, 'node_modules'))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const config = join(ROOT, 'tsconfig.build.json')
  const options = [
    '-p',
    config,
    '--outDir',
    modules,
    '--declarationDir',
    join(dist, 'types'),
    '--noEmitOnError',
    'false',
  ]
  spawnSync(process.execPath, [tsc, ...options], { cwd: ROOT })
  const rolldown = join(ROOT, 'node_modules/rolldown/bin/cli.mjs')
  spawnSync(process.execPath, [rolldown, '--config', join(ROOT, 'rolldown.config.js')], { cwd: built })
  return {
    folder,
    dist,
    modules,
    main: join(dist, 'cli/main.js'),
    load: () => import(/* @vite-ignore */ pathToFileURL(join(dist, 'index.js')).href),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
