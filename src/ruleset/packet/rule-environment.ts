/** The family of a ruleset: of iptables or of ip6tables. */
export type Family = 'ipv4' | 'ipv6'

/** What rules can ask about the machine: interface names and addresses. Fixed before compilation. */
export interface RuleEnvironment {
  /** Names by interface number; [0] is the empty string (INTERFACE_NONE). */
  readonly interfaces: readonly string[]
  /**
   * The kernel's type of the address whose first word is at fields[at]: an RTN_ number (1 unicast, 2 local, 3
   * broadcast, 4 anycast, 5 multicast, 6 blackhole, 7 unreachable, 8 prohibit), or -1 when not known.
   * @param interfaceNumber restricts the answer to one interface (`--limit-iface-in`), or 0
   */
  addressType(family: Family, fields: Int32Array, at: number, interfaceNumber: number): number
  /** Interface that the network of the address is behind, -1 when not known. */
  interfaceToward(family: Family, fields: Int32Array, at: number): number
}
