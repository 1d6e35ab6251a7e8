import type { Match, MatchExtension } from '../extension.ts'
import { quoteWord } from '../text/tokens.ts'

/** XT_MAX_COMMENT_LEN, its final zero included. */
const LENGTH = 256

export const comment: MatchExtension = {
  name: 'comment',
  options: [{ name: 'comment' }],
  parse(options, { warn }) {
    const token = options.required('comment')
    const bytes = Buffer.from(token.text)
    if (bytes.length < LENGTH) return commentOf(token.text)
    warn(`line ${token.line}: a comment has at most ${LENGTH - 1} bytes; the rest of this one is cut off`)
    return commentOf(bytes.toString('utf8', 0, LENGTH - 1))
  },
}

function commentOf(text: string): Match {
  return { comment: text, print: () => `--comment ${quoteWord(text)}`, conditions: () => [] }
}
