/**
 * Bits of an entry's status word, with the kernel's values (`enum ip_conntrack_status`), as `--ctstatus` tests them.
 */
export const IPS_EXPECTED = 1 << 0
export const IPS_SEEN_REPLY = 1 << 1
export const IPS_ASSURED = 1 << 2
export const IPS_CONFIRMED = 1 << 3
export const IPS_SRC_NAT = 1 << 4
export const IPS_DST_NAT = 1 << 5
/** NAT changed the length of the payload, so that sequence numbers differ on the two sides. */
export const IPS_SEQ_ADJUST = 1 << 6
/** The connection is bound for this part (source, destination), even if nothing changes. */
export const IPS_SRC_NAT_DONE = 1 << 7
export const IPS_DST_NAT_DONE = 1 << 8

/** How a packet relates to its entry: the kernel's `enum ip_conntrack_info`. */
export const CT_ESTABLISHED = 0
export const CT_RELATED = 1
export const CT_NEW = 2
export const CT_ESTABLISHED_REPLY = 3
export const CT_RELATED_REPLY = 4
export const CT_UNTRACKED = 7
/** No entry attached: INVALID to the rules. */
export const CT_INVALID = 8
