import { describe, expect, test } from 'vitest'
import { noIptables, savedByTools } from './iptables-tools.ts'
import { errorsOf, filter } from './support.ts'

/** By kind: a line of a table, and how the one thing begins that is said of it. */
export type RefusedLines = Readonly<Record<string, readonly (readonly [line: string, error: string])[]>>

/** Tests that each line is refused in these words, and by iptables-restore, too. */
export function testRefused(lines: RefusedLines): void {
  describe.each(Object.entries(lines))('%s', (_, ofKind) => {
    test.each(ofKind)('%s', (line, error) => {
      const errors = errorsOf(filter(line))
      expect(errors).toHaveLength(1)
      expect(errors[0]).toContain(`rules:${error}`)
    })

    test.skipIf(noIptables)(
      'iptables-restore refuses all of them',
      () => {
        for (const [line] of ofKind) expect([line, savedByTools(filter(line), 'ipv4')]).toEqual([line, null])
      },
      30_000,
    )
  })
}
