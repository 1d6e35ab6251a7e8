import { type Stats, statSync } from 'node:fs'

/** Null where nothing is there, or nobody may look: whoever opens it will say why. */
export function statsAt(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

/** Equal for all names of one file. */
export function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}
