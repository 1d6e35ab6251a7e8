import type { ReadStream, WriteStream } from 'node:tty'
import cliProgress from 'cli-progress'
import { count } from '../netfilter/count-text.ts'
import { byteSize, duration } from '../report/text.ts'

/** Short replays show no bar at all. */
const SILENT_MILLISECONDS = 400
const UPDATE_MILLISECONDS = 100

/** Bytes, rate and time left on a terminal; elsewhere nothing. */
export class Progress {
  readonly #bytesTotal: number | null
  readonly #started = performance.now()
  #updated = this.#started - UPDATE_MILLISECONDS
  #bar: cliProgress.SingleBar | null = null

  constructor(bytesTotal: number | null) {
    this.#bytesTotal = bytesTotal
  }

  /** Null where standard error is not a terminal. */
  static onTerminal(stream: Partial<ReadStream | WriteStream>, bytesTotal: number | null): Progress | null {
    return stream.isTTY === true ? new Progress(bytesTotal) : null
  }

  update(bytes: number, frames: number): void {
    const now = performance.now()
    if (now - this.#started < SILENT_MILLISECONDS || now - this.#updated < UPDATE_MILLISECONDS) return
    this.#updated = now
    this.#bar ??= this.#start()
    const seconds = (now - this.#started) / 1000
    const total = this.#bytesTotal ?? 0
    this.#bar.update(Math.min(bytes, total), {
      read: byteSize(bytes),
      rate: `${byteSize(bytes / seconds)}/s`,
      frames: count(frames),
      left: bytes > 0 && total > bytes ? `${duration(((total - bytes) / bytes) * seconds)} left` : '',
    })
  }

  /** Takes the bar away. */
  stop(): void {
    this.#bar?.stop()
  }

  #start(): cliProgress.SingleBar {
    const numbers = '{read}  {rate}  {frames} frames'
    const bar = new cliProgress.SingleBar(
      {
        format: this.#bytesTotal === null ? numbers : `{bar} {percentage}%  ${numbers}  {left}`,
        barsize: 20,
        fps: 10,
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        gracefulExit: false,
      },
      cliProgress.Presets.shades_classic,
    )
    bar.start(this.#bytesTotal ?? 0, 0, { read: '', rate: '', frames: '0', left: '' })
    return bar
  }
}
