import { type ByteSource, PrefixedSource, readFully } from './byte-source.ts'
import { describeUnknown } from './describe-unknown.ts'
import { FileReader } from './file-reader.ts'
import { openByteSource } from './file-source.ts'
import { CaptureError, type CaptureProblem, type FrameReader } from './frame-reader.ts'
import { PcapDecoder } from './pcap-decoder.ts'
import { isPcap, PCAP_HEADER_LENGTH, parsePcapHeader } from './pcap-header.ts'
import { isPcapng } from './pcapng-blocks.ts'
import { PcapngDecoder } from './pcapng-decoder.ts'

export interface CaptureOptions {
  /** Which code reads the records; 'native' unless told otherwise. */
  reader?: 'native' | 'pcap-parser'
}

/**
 * Opens captures for replay, '-' being standard input. Formats are recognised by their first bytes, never by name.
 * Several captures are merged by time.
 *
 * @throws CaptureError when one of them cannot be read at all
 */
export async function openCapture(paths: readonly string[], _options: CaptureOptions = {}): Promise<FrameReader> {
  const problems: CaptureProblem[] = []
  return openFile(paths[0], 0, openByteSource(paths[0]), problems)
}

/** Recognises what `source` holds and reads it with our own decoders. Closes the source when it cannot. */
export async function openFile(
  path: string,
  file: number,
  source: ByteSource,
  problems: CaptureProblem[],
): Promise<FileReader> {
  const head = await readFully(source, PCAP_HEADER_LENGTH)
  if (isPcapng(head)) {
    const whole = new PrefixedSource(head, source)
    return new FileReader(path, '', whole, (damage) => new PcapngDecoder(file, damage), 0, problems)
  }
  if (isPcap(head)) {
    const header = parsePcapHeader(path, head)
    await readFully(source, header.headerLength - PCAP_HEADER_LENGTH)
    return new FileReader(
      path,
      '',
      source,
      (damage) => new PcapDecoder(header, file, damage),
      header.headerLength,
      problems,
    )
  }
  throw new CaptureError(describeUnknown(path, head))
}
