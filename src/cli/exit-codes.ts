/** Exit codes of the command. Done, and nothing was found by `--fail-on`. */
export const EXIT_DONE = 0
/** `--fail-on`: such packets were found. */
export const EXIT_FOUND = 1
/** The command, the ruleset or an output is wrong; nothing or not all was done. */
export const EXIT_USAGE = 2
/** A capture could not be read, or not to its end; what was read is reported. */
export const EXIT_CAPTURE = 3
/** A mistake in ctreplay: it waits for what never comes. Node's own code for that. */
export const EXIT_UNFINISHED = 13
/** Interrupted by SIGINT (128 + 2); what was read until then is reported. */
export const EXIT_INTERRUPTED = 130

/** The command line makes no sense. The message says what is wrong and what to write instead. */
export class UsageError extends Error {
  override name = 'UsageError'
}
