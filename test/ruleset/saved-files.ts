import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Commands of a shell: they read a file from standard input, or print what the kernel holds. */
interface SavingTool {
  /** What the kernel is emptied with before each file. */
  readonly empty: { readonly command: string; readonly input: string }
  readonly restore: string
  readonly save: string
}

/** What a tool saves after each file, all in one network namespace; null where it refuses the file. */
export function savedAfterEach(files: readonly string[], { empty, restore, save }: SavingTool): (string | null)[] {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-saved-'))
  try {
    writeFileSync(join(folder, 'empty'), empty.input)
    files.forEach((text, index) => {
      writeFileSync(join(folder, `${index}`), text)
    })
    const script = `exec >/dev/null 2>&1
      i=0; while [ $i -lt ${files.length} ]; do ${empty.command} < empty
      if ${restore} < $i; then ${save} > $i.saved; fi; i=$((i+1)); done; true`
    execFileSync('unshare', ['-n', 'sh', '-c', script], { cwd: folder })
    return files.map((_, index) => {
      try {
        return readFileSync(join(folder, `${index}.saved`), 'utf8')
      } catch {
        return null
      }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
