import { spawnSync } from 'node:child_process'
import { MAIN, OPTIONS } from './contenders.ts'

/** Bytes that V8 says were allocated between two collections, in every thread. */
const ALLOCATED = /\ballocated=(\d+)/g
/** The smallest young generation: less is in it at the end, where no collection counts it. */
const NODE_OPTIONS = ['--trace-gc', '--trace-gc-nvp', '--max-semi-space-size=1']

/**
 * Bytes that V8 allocates for a packet of a long capture beyond those of a short one of the same kind, so that start-up
 * and compilation, the same in both, do not count. Typed arrays, which are not on V8's heap, are not counted.
 */
export function allocatedPerPacket(
  short: { path: string; packets: number },
  long: { path: string; packets: number },
  options: readonly string[],
): number {
  return (allocated(long.path, options) - allocated(short.path, options)) / (long.packets - short.packets)
}

function allocated(path: string, options: readonly string[]): number {
  const { stdout, stderr, status } = spawnSync('node', [...NODE_OPTIONS, MAIN, path, ...OPTIONS, ...options], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  if (status !== 0) throw new Error(`ctreplay ended with ${status}: ${stderr.slice(-500)}`)
  let bytes = 0
  for (const [, number] of stdout.matchAll(ALLOCATED)) bytes += Number(number)
  return bytes
}
