/** Scopes of IPv6 addresses, with the numbers of multicast scopes (RFC 4007; RFC 4291, 2.7). */
const SCOPE_INTERFACE = 1
const SCOPE_LINK = 2
const SCOPE_SITE = 5
export const SCOPE_GLOBAL = 14

const LINK_LOCAL = 0xfe80 >>> 6
const SITE_LOCAL = 0xfec0 >>> 6

/**
 * The scope of the address at words[at …]. As in the kernel, multicast groups of other scopes and unique local
 * addresses are global.
 */
export function scopeOf(words: Int32Array | readonly number[], at: number): number {
  const word = words[at]
  if (word >>> 24 === 0xff) {
    const scope = (word >>> 16) & 0xf
    return scope === SCOPE_INTERFACE || scope === SCOPE_LINK || scope === SCOPE_SITE ? scope : SCOPE_GLOBAL
  }
  if (word >>> 22 === LINK_LOCAL) return SCOPE_LINK
  return word >>> 22 === SITE_LOCAL ? SCOPE_SITE : SCOPE_GLOBAL
}

/** The scope's name and a blank, for messages: `link-local `; '' for global. */
export function scopeText(scope: number): string {
  switch (scope) {
    case SCOPE_INTERFACE:
      return 'interface-local '
    case SCOPE_LINK:
      return 'link-local '
    case SCOPE_SITE:
      return 'site-local '
    default:
      return ''
  }
}
