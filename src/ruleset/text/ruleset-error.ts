/** Where something stands in a file. Lines and columns count from 1. */
export interface FilePosition {
  readonly line: number
  readonly column: number
}

/** One thing wrong with a ruleset, and where. */
export interface LocatedError extends FilePosition {
  readonly file: string
  /** `what; what to write instead` */
  readonly text: string
  /** It would be right in a ruleset of the other family. */
  readonly isOfOtherFamily?: boolean
}

/** All errors in a ruleset, up to a limit. The message has one line per error: `file:line:column: text`. */
export class RulesetError extends Error {
  readonly errors: readonly LocatedError[]

  constructor(errors: readonly LocatedError[]) {
    super(errors.map((error) => `${error.file}:${error.line}:${error.column}: ${error.text}`).join('\n'))
    this.name = 'RulesetError'
    this.errors = errors
  }
}

/** An error in one line; collected into a RulesetError. */
export class Refusal extends Error {
  readonly line: number
  readonly column: number

  /** @param text what is wrong; after a semicolon what to write instead */
  constructor(at: FilePosition, text: string) {
    super(text)
    this.line = at.line
    this.column = at.column
  }
}

/** What would be right in a ruleset of the other family. */
export class OtherFamilyRefusal extends Refusal {}
