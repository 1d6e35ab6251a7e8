import { COLOURED, type Paint, PLAIN } from '../report/text.ts'

/** Colours for a terminal, unless https://no-color.org is asked for. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  const noColour = process.env.NO_COLOR
  return stream.isTTY === true && (noColour === undefined || noColour === '') ? COLOURED : PLAIN
}
