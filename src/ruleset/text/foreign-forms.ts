interface ForeignForm {
  /** Matches a line that only files of this form have. */
  readonly line: RegExp
  readonly advice: string
}

const GIVE_SAVED = 'give what iptables-save prints'

/** Of scripts: commands alone are read, anything else only a shell understands. */
export const SHELL_SCRIPT = 'this is a shell script; run it, and give what iptables-save prints then'

/** Files that people take for the output of iptables-save. */
const FOREIGN_FORMS: readonly ForeignForm[] = [
  {
    line: /^\s*table\s+(?:(?:ip|ip6|inet|arp|bridge|netdev)\s+)?\S+\s*\{|^\s*(?:flush ruleset|add table)\b|^\s*\{\s*"nftables"/,
    advice:
      'this is a ruleset of nftables, which is not read; rules that came from iptables (iptables-nft) are printed by ' +
      'iptables-nft-save',
  },
  {
    line: /^Chain \S+ \((?:policy \S+|\d+ references)/,
    advice: `this is what iptables -L prints, which leaves parts of rules out; ${GIVE_SAVED}`,
  },
  {
    line: /^\s*config\s+(?:defaults|zone|rule|forwarding|redirect|include|ipset)\b/,
    advice: `this is OpenWrt's configuration, not the rules made of it; ${GIVE_SAVED} on the router`,
  },
  {
    line: /^\s*(?:create|add)\s+\S+\s+(?:\S+:\S+|\d)/,
    advice: 'this is what ipset save prints; give it with --ipset, and the rules with --rules',
  },
  { line: /^\s*<(?:\?xml|iptables-rules)\b/, advice: `this is XML; ${GIVE_SAVED}` },
  {
    line: /^\s*(?:\{%|\{#|<%|\{\{)/,
    advice: 'this is a template; fill it in, and give the file that comes out',
  },
  // IPT=/sbin/iptables, and the like.
  { line: /^\s*(?:export\s+|readonly\s+|declare\s+(?:-\S+\s+)*)?[A-Za-z_]\w*=/, advice: SHELL_SCRIPT },
]

/** Whether the first line of a file (`#!/bin/sh`) names a shell. */
export function namesShell(line: string): boolean {
  return /^#!.*\b(?:ba|da|a|k|z)?sh\b/.test(line)
}

/** What to give instead of a file with this line; null if the line is of no known form. */
export function adviceFor(line: string): string | null {
  return FOREIGN_FORMS.find((form) => form.line.test(line))?.advice ?? null
}
