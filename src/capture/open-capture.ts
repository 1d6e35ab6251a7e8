import { type ByteSource, PrefixedSource, readFully, SourceDamage } from './byte-source.ts'
import { DecompressedSource } from './decompressed-source.ts'
import { describeUnknown, UNKNOWN_HEAD_LENGTH } from './describe-unknown.ts'
import { FileReader } from './file-reader.ts'
import { openByteSource } from './file-source.ts'
import { CaptureError, type CaptureProblem, type FrameReader, unreadable } from './frame-reader.ts'
import { gunzip, isGzip } from './gzip.ts'
import { MergingReader, mergedBatch } from './merging-reader.ts'
import { PcapDecoder } from './pcap-decoder.ts'
import { isPcap, PCAP_HEADER_LENGTH, parsePcapHeader } from './pcap-header.ts'
import { PcapParserReader } from './pcap-parser-reader.ts'
import { isPcapng } from './pcapng-blocks.ts'
import { PcapngDecoder } from './pcapng-decoder.ts'
import type { DamageLog } from './record-decoder.ts'
import { type OpenCapture, WaitingCapture } from './waiting-capture.ts'
import { isZstd, unzstd } from './zstd.ts'

export interface CaptureOptions {
  /**
   * Which code reads the records: our own (the default), or the npm package pcap-parser as an independent second
   * opinion on plain pcap files with microseconds.
   */
  reader?: 'native' | 'pcap-parser'
}

/**
 * Opens captures for replay, '-' being standard input. Formats are recognised by their first bytes, never by name.
 * Several captures are merged by time; one that cannot be read at all is damage.
 *
 * @throws CaptureError when one of them is not there, or when nothing can be read
 */
export async function openCapture(paths: readonly string[], options: CaptureOptions = {}): Promise<FrameReader> {
  if (paths.length === 0) throw new CaptureError('no capture was named')
  if (paths.indexOf('-') !== paths.lastIndexOf('-')) throw new CaptureError('standard input (-) can be named only once')
  const problems: CaptureProblem[] = []
  const readers: FrameReader[] = []
  const failures: CaptureError[] = []
  const unlessUnreadable = async (opening: Promise<FrameReader>, name: string): Promise<void> => {
    try {
      readers.push(await opening)
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error
      failures.push(error)
      problems.push(unreadable(name, error.message.replace(`${name}: `, '')))
    }
  }
  try {
    const glance = paths.length > 1 ? mergedBatch() : undefined
    for (const [file, path] of paths.entries()) {
      const name = path === '-' ? 'standard input' : path
      const source = openByteSource(path)
      if (glance !== undefined && path !== '-' && source.immediate) {
        source.close()
        const open: OpenCapture = (noted) => openSource(name, file, openByteSource(path), noted, options)
        await unlessUnreadable(WaitingCapture.of(open, problems, glance), name)
      } else await unlessUnreadable(openSource(name, file, source, problems, options), name)
    }
  } catch (error) {
    for (const reader of readers) reader.close()
    throw error
  }
  if (readers.length === 0) throw failures[0]
  return paths.length === 1 ? readers[0] : new MergingReader(readers, problems)
}

/**
 * Reads one capture from any source; closes the source when it cannot be read.
 *
 * @param file index for FRAME_FILE
 * @param problems receives the damage found; shared by the captures of one replay
 */
export async function openSource(
  path: string,
  file: number,
  source: ByteSource,
  problems: CaptureProblem[],
  options: CaptureOptions = {},
): Promise<FrameReader> {
  try {
    if (options.reader === 'pcap-parser') {
      return await PcapParserReader.open(path, file, source, problems)
    }
    return await recognise(path, file, source, problems, '')
  } catch (error) {
    source.close()
    if (error instanceof SourceDamage) throw new CaptureError(`${path}: ${error.message}; nothing can be read from it`)
    throw error
  }
}

/** @param wrapping the compression found around `source`, as it ends the description of the format */
async function recognise(
  path: string,
  file: number,
  source: ByteSource,
  problems: CaptureProblem[],
  wrapping: string,
): Promise<FrameReader> {
  const head = await readFully(source, PCAP_HEADER_LENGTH)
  if (isPcapng(head)) {
    const whole = new PrefixedSource(head, source)
    return new FileReader(path, wrapping, whole, (damage) => new PcapngDecoder(file, damage), 0, problems)
  }
  if (isPcap(head)) {
    const header = parsePcapHeader(path, head)
    await readFully(source, header.headerLength - PCAP_HEADER_LENGTH)
    const makeDecoder = (damage: DamageLog) => new PcapDecoder(header, file, damage)
    return new FileReader(path, wrapping, source, makeDecoder, header.headerLength, problems)
  }
  if (wrapping === '') {
    const whole = new PrefixedSource(head, source)
    if (isGzip(head)) return recognise(path, file, new DecompressedSource(whole, gunzip), problems, ', gzip')
    if (isZstd(head)) return recognise(path, file, new DecompressedSource(whole, unzstd), problems, ', zstd')
  }
  const more = await readFully(source, UNKNOWN_HEAD_LENGTH - head.length)
  throw new CaptureError(describeUnknown(path, Buffer.concat([head, more]), wrapping))
}
