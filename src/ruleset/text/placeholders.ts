import type { Misreading } from './misreading.ts'

/**
 * {{ name }} and {% if … %} of Jinja and others, <%= name %> of ERB, @NAME@ of autoconf; %NAME%, %(name)s, <name> and
 * [[name]] of texts that tell what to fill in.
 */
const IN_TEMPLATES = /\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|@\w+@|%\w+%|%\(\w+\)s|<[A-Za-z][^<>]*>|\[\[.*?\]\]/g

/** $NAME, ${NAME}, and what a command prints. */
const IN_SHELLS = /\$\{[^}]*\}|\$\([^)]*\)|\$\w+|`[^`]+`/g

const TEMPLATE = 'a placeholder of a template'
const VARIABLE = 'a variable of a shell'

/** What a word was to be replaced with before anybody reads the file, and was not; null where it stands for itself. */
export function unreplaced(word: string): string | null {
  if (word.search(IN_SHELLS) >= 0) return VARIABLE
  return word.search(IN_TEMPLATES) >= 0 ? TEMPLATE : null
}

/** What a template puts a value in the place of, in the words that the place is in. */
export function templateAt(source: string, column: number): Misreading | null {
  return placeholderAt(source, column, IN_TEMPLATES, TEMPLATE)
}

/** Likewise for a shell that writes the file. */
export function variableAt(source: string, column: number): Misreading | null {
  return placeholderAt(source, column, IN_SHELLS, VARIABLE)
}

function placeholderAt(source: string, column: number, form: RegExp, what: string): Misreading | null {
  for (const { 0: text, index } of source.matchAll(form)) {
    const start = source.slice(0, index).search(/[^ \t]*$/)
    const end = index + text.length + source.slice(index + text.length).search(/[ \t]|$/)
    if (column > start && column <= end) {
      return { column: index + 1, text: `"${text}" is ${what}; write what it stands for` }
    }
  }
  return null
}
