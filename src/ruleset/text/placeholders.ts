import type { Misreading } from './misreading.ts'

/** What a template, or a shell that writes the file, puts a value in the place of. */
const PLACEHOLDERS: readonly (readonly [form: RegExp, what: string])[] = [
  // {{ name }} and {% if … %} of Jinja and others, <%= name %> of ERB
  [/\{\{.*?\}\}|\{%.*?%\}|<%.*?%>/g, 'a placeholder of a template'],
  // @NAME@ of autoconf, %NAME%, %(name)s, <name> and [[name]] of texts that tell what to fill in
  [/@\w+@|%\w+%|%\(\w+\)s|<[A-Za-z][^<>]*>|\[\[.*?\]\]/g, 'a placeholder of a template'],
  [/\$\{[^}]*\}|\$\([^)]*\)|\$\w+|`[^`]+`/g, 'a variable of a shell'],
]

/** A placeholder in the words that the place is in. */
export function placeholderAt(source: string, column: number): Misreading | null {
  for (const [form, what] of PLACEHOLDERS) {
    for (const { 0: text, index } of source.matchAll(form)) {
      const start = source.slice(0, index).search(/[^ \t]*$/)
      const end = index + text.length + source.slice(index + text.length).search(/[ \t]|$/)
      if (column > start && column <= end) {
        return { column: index + 1, text: `"${text}" is ${what}; write what it stands for` }
      }
    }
  }
  return null
}
