import { type Stats, statSync } from 'node:fs'

/** Null where the file does not exist or cannot be looked at; opening it will give the reason. */
export function statsAt(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

/** The same for all names of one file (hard and symbolic links). */
export function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}
