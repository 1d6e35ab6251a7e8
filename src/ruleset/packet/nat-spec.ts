/** What a rule of the nat table does to a connection, as data. */
export interface NatSpec {
  /**
   * Where the new address comes from: the rule, the interface that the packet leaves or enters by, or a network map.
   */
  readonly kind: 'range' | 'masquerade' | 'redirect' | 'netmap'
  /** Words of the lowest and highest address (range), or of the network (netmap, both the same); null for none. */
  readonly minAddress: readonly number[] | null
  readonly maxAddress: readonly number[] | null
  /** Netmap: words of the mask. */
  readonly mask: readonly number[] | null
  /** Ports, both included; -1 where none is named. */
  readonly minPort: number
  readonly maxPort: number
  /** Port shifting: what minPort stands for; -1 without. */
  readonly basePort: number
  readonly persistent: boolean
  /** Ports are chosen at random. */
  readonly random: boolean
}
