import { count } from '../netfilter/count-text.ts'
import type { ReplaySummary } from '../netfilter/replay.ts'
import { printable } from './text.ts'

/** The damage of all captures, a sentence each: where it is, and what. */
export function problemSentences({ problems, files }: Pick<ReplaySummary, 'problems' | 'files'>): string[] {
  return problems.map((problem) => {
    const after = problem.afterFrame > 0 ? `after frame ${count(problem.afterFrame)}` : 'before the first frame'
    const end = problem.fatal ? '; reading ended here' : ''
    const format = files.find(({ path }) => path === problem.file)?.format
    const place = `byte ${count(problem.byteOffset)}${isPacked(format) ? ' of the unpacked data' : ''}`
    return `${printable(problem.file)}, ${place}, ${after}: ${printable(problem.message)}${end}`
  })
}

function isPacked(format = ''): boolean {
  return format.endsWith(', gzip') || format.endsWith(', zstd')
}
