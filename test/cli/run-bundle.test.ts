import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../support/built-program.ts'

const { dist, main, remove } = buildProgram()
afterAll(remove)

const bundles = readdirSync(join(dist, 'cli')).filter((name) => name.endsWith('.cjs'))
const SAMPLE = ['pcaps/web-server.pcap', '--rules', 'pcaps/web-server.v4', '--threads', '2']

function node(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 })
  return stderr + stdout
}

describe('the code that V8 made of a bundle', () => {
  it.each(bundles)('is taken by the Node that built %s', (name) => {
    const module = pathToFileURL(join(dist, 'cli/run-bundle.js'))
    const file = JSON.stringify(join(dist, 'cli', name))
    const text = `
      import { codeFile, compileBundle } from '${module}'
      import { readFileSync } from 'node:fs'
      console.log(compileBundle(${file}, readFileSync(codeFile(${file}))).cachedDataRejected)`
    expect(node('--input-type=module', '-e', text)).toBe('false\n')
  })

  it('changes no answer where it is of another version, or missing', () => {
    const answer = node(main, ...SAMPLE)
    expect(answer).toContain('Dropped by these rules')
    for (const name of bundles) writeFileSync(join(dist, 'cli', `${name}.code`), 'of another version')
    expect(node(main, ...SAMPLE)).toBe(answer)
    for (const name of bundles) rmSync(join(dist, 'cli', `${name}.code`))
    expect(node(main, ...SAMPLE)).toBe(answer)
  })
})

it('a command that waits for what can no longer come says so', () => {
  const bundle = join(dist, 'cli/main.cjs')
  const waits = readFileSync(bundle, 'utf8').replace(/async function run\(args\) \{/, '$& await new Promise(() => {});')
  writeFileSync(bundle, waits)
  const { status, stderr } = spawnSync(process.execPath, [main, ...SAMPLE], { encoding: 'utf8', timeout: 30_000 })
  expect(stderr).toContain('can no longer come')
  expect(status).toBe(13)
})

it.each(bundles)('%s is in ASCII, which V8 keeps in one byte a character', (name) => {
  const outside = readFileSync(join(dist, 'cli', name)).filter((byte) => byte > 0x7e)
  expect(outside).toHaveLength(0)
})

it('bundles are those of the command and its threads', () => {
  expect(bundles).toEqual(['capture-thread.cjs', 'main.cjs', 'report-thread.cjs', 'shard-thread.cjs'])
})
