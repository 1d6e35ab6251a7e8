import { COLOURED, type Paint, PLAIN } from '../report/text.ts'

/** Colours on a terminal, unless the variable NO_COLOR is set (https://no-color.org). */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  const noColour = process.env.NO_COLOR
  return stream.isTTY === true && (noColour === undefined || noColour === '') ? COLOURED : PLAIN
}
