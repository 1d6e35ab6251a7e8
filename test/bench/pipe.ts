import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MAIN, OPTIONS } from './contenders.ts'

const SAMPLE_MS = 250

interface PipeResult {
  readonly seconds: number
  /** Resident memory at each tenth of the way, in MiB, and the largest. */
  readonly residentMiB: readonly number[]
  readonly peakMiB: number
}

/** Replays a capture of so many bytes that is nowhere but in a pipe, and looks at the process' memory on the way. */
export async function measurePipe(bytes: number, options: readonly string[]): Promise<PipeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-bench-'))
  const pipe = join(folder, 'pipe')
  if (spawnSync('mkfifo', [pipe]).status !== 0) throw new Error('there is no mkfifo')
  const start = performance.now()
  const generator = fileURLToPath(new URL('./generate.js', import.meta.url))
  const writer = spawn('node', [generator, pipe, String(bytes)], { stdio: 'inherit' })
  // The shell opens the pipe and becomes ctreplay.
  const command = ['-c', 'pipe=$1; shift; exec "$@" < "$pipe"', 'sh', pipe, 'node', MAIN, '-', ...OPTIONS, '--quiet']
  const reader = spawn('sh', [...command, ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  const samples: number[] = []
  let peakMiB = 0
  const timer = setInterval(() => {
    const { resident, peak } = memoryOf(reader)
    if (resident === 0) return
    samples.push(resident)
    peakMiB = Math.max(peakMiB, peak)
  }, SAMPLE_MS)
  const [[status], [written]] = await Promise.all([once(reader, 'exit'), once(writer, 'exit')])
  clearInterval(timer)
  rmSync(folder, { recursive: true })
  if (status !== 0 || written !== 0) throw new Error(`ctreplay ended with ${status}, the generator with ${written}`)
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => samples[Math.floor(((tenth + 1) * (samples.length - 1)) / 10)],
  )
  return { seconds: (performance.now() - start) / 1000, residentMiB: tenths, peakMiB }
}

/** VmRSS and VmHWM of a process in MiB (proc(5)); zeros after its end. */
function memoryOf({ pid }: ChildProcess): { resident: number; peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const value = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024
    return { resident: value('VmRSS'), peak: value('VmHWM') }
  } catch {
    return { resident: 0, peak: 0 }
  }
}
