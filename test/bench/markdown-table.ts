/** A table in Markdown, its columns as wide as they need; all but the first are aligned to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`))
  return `${[line(head), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')}\n`
}
