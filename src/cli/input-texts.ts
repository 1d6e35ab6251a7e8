import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { printable } from '../report/text.ts'
import { UsageError } from './exit-codes.ts'

/** Stands for standard input in place of a file name. */
const STANDARD_INPUT = '-'
/** Bytes that tell whether a file is text. */
const HEAD_BYTES = 512

/** Texts read so far, by path: a pipe (as of the shell's `<(…)`) can be read only once. */
const remembered = new Map<string, { readonly text: string; readonly what: string }>()

/** `readText` without a byte order mark, for readers that do not know it. */
export function readUnmarkedText(path: string, what: string): string {
  const text = readText(path, what).replace(/^\ufeff/, '')
  remembered.set(path, { text, what })
  return text
}

/**
 * @param what the file is, for messages: 'the rules'
 * @returns the text with its byte order mark, if it has one
 * @throws UsageError when the file cannot be read or is not text
 */
export function readText(path: string, what: string): string {
  const before = remembered.get(path)
  if (path === STANDARD_INPUT && before !== undefined) {
    throw new UsageError(`standard input was read already, for ${before.what}; give ${what} as a file`)
  }
  const text = textOf(bytesOf(path, what))
  if (text === null) {
    throw new UsageError(
      `cannot read ${what} ${printable(path)}: it is not text; captures are named without an option, and compressed files ` +
        'must be unpacked first',
    )
  }
  remembered.set(path, { text, what })
  return text
}

/** What `readText` returned for this path, '' where it was not asked. */
export function textRead(path: string): string {
  return remembered.get(path)?.text ?? ''
}

/** The whole file if it is text, else only its first bytes: captures are large. */
function bytesOf(path: string, what: string): Buffer {
  let fd = 0
  try {
    if (path !== STANDARD_INPUT) fd = openSync(path, 'r')
    const head = Buffer.alloc(HEAD_BYTES)
    const bytes = head.subarray(0, readSync(fd, head))
    return textOf(bytes) === null ? bytes : Buffer.concat([bytes, readFileSync(fd)])
  } catch (error) {
    throw new UsageError(`cannot read ${what} ${printable(path)}: ${reason(error)}`)
  } finally {
    if (fd !== 0) closeSync(fd)
  }
}

/** UTF-8, or UTF-16 after a byte order mark (as PowerShell writes); null for what holds zeros, as no text does. */
function textOf(bytes: Buffer): string | null {
  const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe
  const isBig = bytes[0] === 0xfe && bytes[1] === 0xff
  if (isLittle || isBig) return new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be', { ignoreBOM: true }).decode(bytes)
  return bytes.includes(0) ? null : bytes.toString('utf8')
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EISDIR') return 'it is a directory'
  if (code === 'EACCES') return 'permission denied'
  return error instanceof Error ? error.message : String(error)
}
