import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { CAPTURES } from '../bench/captures.ts'
import { PacketWriter } from '../bench/packet-writer.ts'
import { rulesetFile } from '../bench/rulesets.ts'
import { buildProgram } from '../support/built-program.ts'

const { folder, main, remove } = buildProgram()
const capture = join(folder, 'everyday.pcap')
const trace = join(folder, 'trace')
const rules = rulesetFile('nat', folder)
afterAll(remove)

/** Says of each field that must be kept in another form than before: `nowNs:s{Any;const}->d{Any;mutable} (+12 maps) […]`. */
const FLAGS = ['--no-sparkplug', '--trace-generalization']
/** From small integer to number, from number to anything, where objects had the old form already. */
const CHANGE = /:(s\{[^}]*\}->[dht]|d\{[^}]*\}->[ht])\{[^}]*\} \(\+\d+ maps\)/
/** Each line of what V8 traces has one of these, at its beginning. */
const HEAD = /\[(?:generalizing|reconfiguring)\]/g
const hasFlags = spawnSync(process.execPath, [...FLAGS, '--eval', '0']).status === 0

/** V8 throws away compiled code that knew the old form: in the middle of a replay that costs more than many packets. */
it.skipIf(!hasFlags)('no object of a replay changes its form: what will hold times begins as large numbers do', () => {
  const writer = new PacketWriter(capture)
  for (const { name, write } of CAPTURES) if (name === 'mixed') write(writer, 40_000)
  writer.close()
  const changesWith = (...args: string[]): string[] => {
    const all = [...FLAGS, main, capture, '--rules', rules, '--mode', 'router', '--quiet', ...args]
    // To a file: of what V8 writes to a pipe, Node loses some where the reader is slower.
    const output = openSync(trace, 'w')
    const { status } = spawnSync(process.execPath, all, { stdio: ['ignore', output, 'ignore'], timeout: 60_000 })
    closeSync(output)
    expect(status).toBeLessThan(2)
    const ours = linesOfOneThread(readFileSync(trace, 'utf8')).filter((line) => line.includes(folder))
    expect(ours.length).toBeGreaterThan(1000)
    return ours.filter((line) => CHANGE.test(line))
  }
  expect(changesWith('--threads', '1')).toEqual([])
  expect(changesWith('--threads', '2', '--sysctl', 'nf_conntrack_max=300')).toEqual([])
})

/**
 * Threads write piece by piece into each other's lines, so that a change of Node's own can seem to be here. A line is
 * certainly of one thread where no other had begun one that was not at its end.
 */
function linesOfOneThread(text: string): string[] {
  const lines = text.split('\n').slice(0, -1)
  let open = 0
  const sure = lines.filter((line) => {
    const before = open
    const begun = line.match(HEAD)?.length ?? 0
    open += begun - 1
    return before === 0 && begun === 1
  })
  expect(open).toBe(0)
  return sure
}
