import type { MatchExtension } from '../extension.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { quoteWord } from '../text/tokens.ts'

/** XT_MAX_COMMENT_LEN, its final zero included. */
const LENGTH = 256

export const comment: MatchExtension = {
  name: 'comment',
  options: [{ name: 'comment' }],
  parse(options) {
    const token = options.required('comment')
    if (Buffer.byteLength(token.text) >= LENGTH) throw new Refusal(token, `a comment has at most ${LENGTH - 1} bytes`)
    return { comment: token.text, print: () => `--comment ${quoteWord(token.text)}`, conditions: () => [] }
  },
}
