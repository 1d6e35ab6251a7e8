import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** An empty folder for the files of the tests of this file or suite, which is removed after them. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-test-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A function that writes a file of this name into the folder, and returns its path. */
export function fileWriter(folder: string) {
  return (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
}
