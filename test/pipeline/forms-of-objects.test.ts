import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { CAPTURES } from '../bench/captures.ts'
import { PacketWriter } from '../bench/packet-writer.ts'
import { rulesetFile } from '../bench/rulesets.ts'
import { buildProgram } from '../support/built-program.ts'

const { folder, main, remove } = buildProgram()
const capture = join(folder, 'everyday.pcap')
const rules = rulesetFile('nat', folder)
afterAll(remove)

/** Says of each field that must be kept in another form than before: `nowNs:s{Any;const}->d{Any;mutable} (+12 maps) […]`. */
const FLAGS = ['--no-sparkplug', '--trace-generalization']
/** From small integer to number, from number to anything, where objects had the old form already. */
const CHANGE = /:(s\{[^}]*\}->[dht]|d\{[^}]*\}->[ht])\{[^}]*\} \(\+\d+ maps\)/
/** Two threads may write into each other's lines, so that a change of Node's own seems to be here; one that is ours stays. */
const MINGLED = { retry: 3 }
const hasFlags = spawnSync(process.execPath, [...FLAGS, '--eval', '0']).status === 0

/** V8 throws away compiled code that knew the old form: in the middle of a replay that costs more than many packets. */
it.skipIf(!hasFlags)(
  'no object of a replay changes its form: what will hold times begins as large numbers do',
  MINGLED,
  () => {
    const writer = new PacketWriter(capture)
    for (const { name, write } of CAPTURES) if (name === 'mixed') write(writer, 40_000)
    writer.close()
    const options = { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 } as const
    const changesWith = (...args: string[]): string[] => {
      const all = [...FLAGS, main, capture, '--rules', rules, '--mode', 'router', ...args]
      const { stdout, status } = spawnSync(process.execPath, all, options)
      expect(status).toBeLessThan(2)
      const lines = stdout.split('\n').filter((line) => line.startsWith('[generalizing]'))
      expect(lines.length).toBeGreaterThan(100)
      return lines.filter((line) => CHANGE.test(line) && line.includes(folder))
    }
    expect(changesWith('--threads', '1')).toEqual([])
    expect(changesWith('--threads', '2', '--sysctl', 'nf_conntrack_max=300')).toEqual([])
  },
)
