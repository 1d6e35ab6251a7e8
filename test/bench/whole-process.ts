import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const TIME = '/usr/bin/time'

export interface Contender {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** Somebody else's program, which may not be up to every capture. */
  readonly isPeer?: boolean
}

export interface Measured {
  readonly name: string
  readonly seconds: number[]
  /** Largest of all runs, in KiB; 0 where it is not known. */
  peakKiB: number
}

interface Rounds {
  readonly results: Measured[]
  /** Of peers that did not come through their first run, a sentence each. */
  readonly failed: readonly string[]
}

/**
 * Runs every contender once for warm-up, then all of them in turn, again and again, so that a slow minute of the machine
 * slows all alike. The capture is read before each run: programs with much memory, such as tshark, drive it out of the
 * system's cache, and the next one would wait for the disk.
 */
export function measure(contenders: readonly Contender[], capture: string, repeats: number, folder: string): Rounds {
  const failed: string[] = []
  const running = contenders.filter((contender) => {
    try {
      runOnce(contender, folder)
      return true
    } catch (error) {
      if (contender.isPeer !== true || !(error instanceof Error)) throw error
      failed.push(error.message)
      return false
    }
  })
  const results = running.map(({ name }): Measured => ({ name, seconds: [], peakKiB: 0 }))
  for (let round = 0; round < repeats; round++) {
    running.forEach((contender, at) => {
      readThrough(capture)
      const { seconds, peakKiB } = runOnce(contender, folder)
      results[at].seconds.push(seconds)
      results[at].peakKiB = Math.max(results[at].peakKiB, peakKiB)
    })
  }
  return { results, failed }
}

function readThrough(path: string): void {
  const file = openSync(path, 'r')
  const piece = new Uint8Array(1 << 20)
  while (readSync(file, piece) > 0);
  closeSync(file)
}

/** Node would read these certificates at each start, for 40 ms, though the program connects to nobody. */
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env

function runOnce({ name, command }: Contender, folder: string): { seconds: number; peakKiB: number } {
  const report = join(folder, `time-${process.pid}`)
  const timed = existsSync(TIME) ? [TIME, '-o', report, '-f', '%M', ...command] : command
  const [program, ...args] = timed
  const start = performance.now()
  const { status, stderr, error } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: ENVIRONMENT,
  })
  const seconds = (performance.now() - start) / 1000
  const peak = existsSync(report) ? readFileSync(report, 'utf8') : '0'
  rmSync(report, { force: true })
  if (error) throw error
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr.slice(-500).trim()}`)
  return { seconds, peakKiB: Number(peak.trim().split('\n').at(-1)) }
}

/** Whether this machine has the contender's program. */
export function isInstalled({ command }: Contender): boolean {
  const folders = (process.env.PATH ?? '').split(':')
  return existsSync(command[0]) || folders.some((folder) => existsSync(join(folder, command[0])))
}

/** How many times the seconds of the other, in the middle of all rounds: runs of one round stood next to each other. */
export function pairedRatio(one: Measured, other: Measured): number {
  return median(one.seconds.map((seconds, round) => seconds / other.seconds[round]))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
