import { styleText } from 'node:util'
import { count, counted } from '../netfilter/count-text.ts'

/** Width of all reports, in columns. */
export const WIDTH = 80

/** Characters that would move the cursor, hide text or turn it around: C0, DEL, C1, line separators, bidi marks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Text from captures, rules and file names made harmless for a terminal: ESC becomes `\x1b`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (found) => {
    const code = found.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal units, three digits or more: `999 bytes`, `12.3 kB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return counted(bytes, 'byte')
  let value = bytes
  let unit = -1
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(1)} ${UNITS[unit]}`
}

/** Seconds in the two largest units: `41.2 s`, `3 min 20 s`, `2 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 1 ? seconds.toFixed(3) : seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${count(Math.floor(whole / 86_400))} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/** `2023-11-14 22:13:20`, in UTC. Times beyond the calendar's range are given in seconds. */
export function utc(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString().slice(0, 19).replace('T', ' ')
}

/** At most `width` characters, the last one `…` where something was cut off. */
export function cut(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, Math.max(width - 1, 0)).join('')}…`
}

/**
 * Lines of at most `width` characters, broken at blanks; later lines are indented by `hanging` more. A no-break space
 * holds two words together and comes out as a blank.
 */
export function wrap(text: string, indent: number, hanging = 0, width = WIDTH): string[] {
  const lines: string[] = []
  let line = ' '.repeat(indent)
  let empty = true
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ' '.repeat(indent + hanging)
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  lines.push(line)
  return lines.map((one) => one.replaceAll('\u00a0', ' '))
}

/** Rows of cells, the first column to the left and the others to the right, each as wide as it must be. */
export function table(rows: readonly (readonly string[])[], indent: number): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) => {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
    return `${' '.repeat(indent)}${cells.join('  ')}`.trimEnd()
  })
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green'

/** Gives text a colour, or does nothing. */
export type Paint = (style: Style, text: string) => string

export const PLAIN: Paint = (_, text) => text
export const COLOURED: Paint = (style, text) => styleText(style, text)
