/**
 * Why something about a packet is unknown of which the capture holds too little.
 * @param where as "inside its header"
 */
export function cutPacket(where: string): string {
  return `the capture cut the packet ${where}; capture with a larger snap length`
}

export const CUT_TRANSPORT_HEADER = cutPacket('inside its transport header')
