import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { isatty } from 'node:tty'
import { type ByteSource, SourceDamage } from './byte-source.ts'
import { CaptureError } from './frame-reader.ts'
import { StreamSource } from './stream-source.ts'

/** A regular file: read synchronously, straight into the caller's buffer. */
class FileSource implements ByteSource {
  readonly immediate = true
  readonly bytesTotal: number
  bytesRead = 0
  readonly #descriptor: number
  #open = true

  /** @param descriptor of a regular file, closed by `close`; @param size its length in bytes */
  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor
    this.bytesTotal = size
  }

  read(target: Uint8Array, offset: number, length: number): number {
    try {
      const got = readSync(this.#descriptor, target, offset, length, null)
      this.bytesRead += got
      return got
    } catch (error) {
      throw new SourceDamage(`the file could not be read further: ${errorText(error)}`)
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#descriptor !== 0) closeSync(this.#descriptor)
  }
}

/** Opens a path, or standard input for '-'. @throws CaptureError saying why it cannot be read */
export function openByteSource(path: string): ByteSource {
  if (path === '-') return openStandardInput()
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    throw new CaptureError(`${path}: ${openFailure(error)}`)
  }
  const status = fstatSync(descriptor)
  if (status.isDirectory()) {
    closeSync(descriptor)
    throw new CaptureError(`${path}: is a directory; name the capture files in it, as in ${path}/*.pcap`)
  }
  if (status.isFile()) return new FileSource(descriptor, status.size)
  return streamSource(descriptor, status)
}

function streamSource(descriptor: number, status: Stats): StreamSource {
  const isPipe = status.isFIFO() || status.isSocket()
  return isPipe ? StreamSource.ofPipe(descriptor) : StreamSource.ofDevice(descriptor)
}

/**
 * Standard input redirected from a file is read as a file, anything else as a stream. Not through process.stdin, which
 * belongs to the main thread.
 */
function openStandardInput(): ByteSource {
  let status: Stats
  try {
    status = fstatSync(0)
    if (status.isDirectory()) throw new CaptureError('standard input is a directory; pipe a capture into it')
  } catch (error) {
    if (error instanceof CaptureError) throw error
    throw new CaptureError(`standard input cannot be read: ${errorText(error)}`)
  }
  if (status.isFile()) return new FileSource(0, status.size)
  if (isatty(0)) {
    throw new CaptureError('standard input is a terminal; pipe a capture into it, as in tcpdump -U -w - | ctreplay -')
  }
  return streamSource(0, status)
}

function openFailure(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no such file'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; captures taken by root often belong to root alone'
    case 'ENOTDIR':
      return 'a part of the path is not a directory'
    case 'EMFILE':
      return 'too many files are open; merge captures of the same time before (mergecap), or raise the limit (ulimit -n)'
    default:
      return `cannot be opened: ${errorText(error)}`
  }
}

/** The operating system's words without Node's trailing call and path. */
function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/, \w+( '.*')?$/, '')
}
