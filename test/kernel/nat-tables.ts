/** A table with these chains, which accept, and rules. */
export function table(name: string, chains: readonly string[], rules: readonly string[]): string {
  return [`*${name}`, ...chains.map((chain) => `:${chain} ACCEPT [0:0]`), ...rules, 'COMMIT', ''].join('\n')
}

export const nat = (...rules: string[]) => table('nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], rules)
export const raw = (...rules: string[]) => table('raw', ['PREROUTING', 'OUTPUT'], rules)
