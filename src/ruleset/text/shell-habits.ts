import type { Misreading } from './misreading.ts'

const PROGRAM = /^[ \t]*((?:sudo[ \t]+)?(?:[^ \t]*\/)?ip6?tables(?:-legacy|-nft)?|\$\{?\w*ip6?t\w*\}?)[ \t]+(.*)/i
const COMMAND = /(?:^|[ \t])(-[A-Z])(?![a-z])/
const TABLE = /(?:^|[ \t])(?:-t[ \t]*|--table[= \t]+)(\w+)/

/** `iptables -A …`, in a table. */
export function programAt(source: string, column: number): Misreading | null {
  const [, program, rest] = PROGRAM.exec(source) ?? []
  if (program === undefined || column > source.length - rest.length) return null
  const command = COMMAND.exec(rest)?.[1] ?? '-A'
  const start = source.indexOf(program) + 1
  const table = TABLE.exec(rest)?.[1]
  const into = [
    ...(table === undefined ? [] : [`the table ${table}`]),
    ...(/ip6tables/.test(program) ? ['a ruleset for IPv6'] : []),
  ]
  const place = into.length === 0 ? '' : `, in ${into.join(' of ')}`
  return { column: start, text: `"${program}" is a command for a shell; begin the line with ${command}${place}` }
}

/**
 * `-j ACCEPT # web`. A single `#` begins the comment even where it was taken for a value, as in `--dport # ssh`.
 */
export function commentAt(source: string, column: number): Misreading | null {
  const words = source.replace(/"[^"]*"/g, (quoted) => '"'.repeat(quoted.length))
  const single = words.slice(0, column - 1).search(/(?<![^ \t])#[ \t]/)
  const at = single >= 0 ? single : column - 1
  if (source[at] !== '#') return null
  const text =
    source.slice(0, at).trim() === ''
      ? 'a comment begins in the first column; take the spaces before it away'
      : 'a comment needs a line of its own; write it above the rule, or as -m comment --comment "…"'
  return { column: at + 1, text }
}

/** Single quotes, and those of typography, up to the end of the line where they are not closed. */
const QUOTED = /(?<![^ \t=])(?:'([^']*)('|$)|[‘‚‛]([^‘’]*)([‘’]|$)|[“„‟«]([^“”»]*)([“”»]|$))/g

/** `--comment 'a b'`: the first word after it that is refused stands within the quotes. */
export function quotesAt(source: string, column: number): Misreading | null {
  for (const { 0: quoted, index, ...groups } of source.matchAll(QUOTED)) {
    if (column <= index || column > index + quoted.length) continue
    const [text, close] = [groups[1] ?? groups[3] ?? groups[5], groups[2] ?? groups[4] ?? groups[6]]
    const instead = close === '' ? '"…" around the value' : `"${text.replace(/["\\]/g, '\\$&')}"`
    return { column: index + 1, text: `iptables-restore knows only double quotes; write ${instead}` }
  }
  return null
}

/** A backslash at the end. */
export function continuationAt(source: string, column: number): Misreading | null {
  const end = source.trimEnd().length
  if (!isContinued(source) || /[ \t]/.test(source.slice(column - 1, end))) return null
  return {
    column: end,
    text: 'iptables-restore knows no continuation lines; write this line and the next as one',
  }
}

/** Whether a shell would take the next line as a part of this one. */
export function isContinued(source: string): boolean {
  return source.trimEnd().endsWith('\\')
}
