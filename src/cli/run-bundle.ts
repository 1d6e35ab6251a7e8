import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'

/** What Node gives to every CommonJS module, and the bundle in between. */
const HEAD = '(function (exports, require, module, __filename, __dirname) {'
const FOOT = '\n})'

/**
 * Compiles a bundle, which is a CommonJS module, to a function. With the code that V8 made of it when the package was
 * built, this takes a few milliseconds; without, longer than all else that happens before the first packet. V8 refuses
 * the code of another version of itself, and compiles.
 */
export function compileBundle(file: string, code?: Buffer): Script {
  return new Script(HEAD + readFileSync(file, 'utf8') + FOOT, {
    filename: file,
    columnOffset: -HEAD.length,
    ...(code === undefined ? {} : { cachedData: code }),
  })
}

/** Runs a bundle that lies beside this file. */
export function runBundle(name: string): void {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const module = { exports: {} }
  const run = compileBundle(file, savedCode(file)).runInThisContext()
  run(module.exports, createRequire(file), module, file, dirname(file))
}

/** Where the code that V8 made of a bundle is saved. */
export function codeFile(bundle: string): string {
  return `${bundle}.code`
}

function savedCode(bundle: string): Buffer | undefined {
  try {
    return readFileSync(codeFile(bundle))
  } catch {
    return undefined
  }
}
