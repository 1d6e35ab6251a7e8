import { extname } from 'node:path'

/**
 * The file that a thread begins with, in the folder of the file that starts it.
 * @param starter its `import.meta.url`: .ts where Node runs the sources themselves, a bundle's where they are built
 */
export function threadFile(name: string, starter: string): URL {
  return new URL(`./${name}${extname(starter) === '.ts' ? '.ts' : '.js'}`, starter)
}
