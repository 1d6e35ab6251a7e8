import { compiled, findUp } from '../support/compiled.ts'

const built =
  process.platform === 'linux'
    ? compiled('recorded-table', [findUp('test/ruleset/recorded-table.c')], ['-O2', '-w', '-shared', '-fPIC'])
    : { why: 'not Linux' }

/** Why no tables can be recorded; '' when they can. */
export const noRecordedTables = 'why' in built ? `skipped: ${built.why}` : ''

/** Environment in which the legacy tools put their table into a file, as `recorded-table.c` tells. */
export function recordingInto(file: string): string {
  return 'why' in built ? '' : `LD_PRELOAD=${built.program} RECORDED_TABLE=${file}`
}
