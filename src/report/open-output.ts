import { accessSync, closeSync, constants, openSync, readlinkSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The output could not be written. The message names the file and the system's reason. */
export class OutputError extends Error {
  override name = 'OutputError'
}

/** A file or pipe that is open. */
export interface OpenOutput {
  readonly fd: number
  /** Its name in messages. */
  readonly name: string
  /** To be closed at the end. */
  readonly owned: boolean
}

/**
 * @param target a path, which is created or emptied, or an open file descriptor, which is left open
 * @throws OutputError
 */
export function openOutput(target: string | number): OpenOutput {
  if (typeof target === 'number') {
    const name = target === 1 ? 'standard output' : `descriptor ${target}`
    const waiting = reopenedPipe(target)
    return { fd: waiting ?? target, name, owned: waiting !== null }
  }
  try {
    return { fd: openSync(target, 'w'), name: target, owned: true }
  } catch (error) {
    throw outputError(target, error)
  }
}

/**
 * Checks that a path can be written, without changing the file: for several outputs, of which the last one is opened
 * late.
 * @throws OutputError
 */
export function checkWritable(path: string): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there === undefined) accessSync(dirname(path), constants.W_OK)
    // Not for a named pipe: its reader would take the closing for the end of the output.
    else if (!there.isFIFO()) closeSync(openSync(path, constants.O_WRONLY))
  } catch (error) {
    throw outputError(path, error)
  }
}

/**
 * Node sets a pipe that is its standard output to non-blocking (O_NONBLOCK), so that a writer must guess when there is
 * room again. Opened once more through /proc, the same pipe blocks, and nothing changes for processes that share it.
 *
 * @returns null where this is no pipe, or the system does not open it
 */
function reopenedPipe(fd: number): number | null {
  const link = `/proc/self/fd/${fd}`
  try {
    return readlinkSync(link).startsWith('pipe:') ? openSync(link, constants.O_WRONLY) : null
  } catch {
    return null
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOSPC: 'no space is left on the device',
  ELOOP: 'its symbolic links lead back to each other',
  EROFS: 'the file system is read-only',
}

export function outputError(name: string, error: unknown): OutputError {
  const reason = SYSTEM_REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
  return new OutputError(`cannot write ${name}: ${reason}`)
}
