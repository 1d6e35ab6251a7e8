import { type Stats, statSync } from 'node:fs'
import { printable } from '../report/text.ts'
import { UsageError } from './exit-codes.ts'

/** @throws UsageError when writing `output` would destroy one of the inputs, under whatever name */
export function refuseToOverwrite(option: string, output: string, inputs: readonly string[]): void {
  const there = fileAt(output)
  if (there === null) return
  for (const input of inputs) {
    const one = fileAt(input)
    if (one !== null && one.dev === there.dev && one.ino === there.ino) {
      throw new UsageError(`${option} ${printable(output)} would overwrite the input ${printable(input)}`)
    }
  }
}

/** The regular file at a path, or null. */
function fileAt(path: string): Stats | null {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isFile() === true ? stats : null
}
