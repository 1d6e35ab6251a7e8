/**
 * What `-j CT` and NOTRACK tell the tracker, packed into RulePacket.tracking; 0 for nothing. The first such rule wins:
 * the kernel ignores later ones.
 */
const TRACKING_SET = 1
/** The packet is not to be tracked. */
export const TRACKING_NONE = 2
/** The zone holds for lookups in the original direction (and in the reply direction). */
const TRACKING_ZONE_ORIGINAL = 4
const TRACKING_ZONE_REPLY = 8
/** The zone is the low half of the packet's mark. */
const TRACKING_ZONE_IS_MARK = 16

const HELPER_SHIFT = 5
const HELPER_MASK = 0x1f
const TIMEOUT_SHIFT = 10
/** Most timeout policies that rules may name. */
export const TIMEOUTS_MAX = 0x3f
const ZONE_SHIFT = 16

export interface Tracking {
  readonly notrack: boolean
  /** Index in ATTACHABLE_HELPERS (attachable-helpers.ts), -1 for none. */
  readonly helper: number
  readonly zone: { readonly id: number | 'mark'; readonly original: boolean; readonly reply: boolean } | null
}

export function packTracking({ notrack, helper, zone }: Tracking): number {
  let packed = TRACKING_SET | ((helper + 1) << HELPER_SHIFT)
  if (notrack) packed |= TRACKING_NONE
  if (zone === null) return packed
  if (zone.original) packed |= TRACKING_ZONE_ORIGINAL
  if (zone.reply) packed |= TRACKING_ZONE_REPLY
  return zone.id === 'mark' ? packed | TRACKING_ZONE_IS_MARK : packed | (zone.id << ZONE_SHIFT)
}

/** Index in ATTACHABLE_HELPERS, -1 for none. */
export function trackingHelper(packed: number): number {
  return ((packed >> HELPER_SHIFT) & HELPER_MASK) - 1
}

/** As `packed`, with the timeout policy of this number (timeout-names.ts), from 1. */
export function withTimeout(packed: number, policy: number): number {
  return packed | (policy << TIMEOUT_SHIFT)
}

/** Number of the timeout policy, 0 for none. */
export function trackingTimeout(packed: number): number {
  return (packed >> TIMEOUT_SHIFT) & TIMEOUTS_MAX
}

/** Zone of lookups in one direction. */
export function trackingZone(packed: number, direction: number, mark: number): number {
  if ((packed & (direction === 0 ? TRACKING_ZONE_ORIGINAL : TRACKING_ZONE_REPLY)) === 0) return 0
  return (packed & TRACKING_ZONE_IS_MARK) !== 0 ? mark & 0xffff : packed >>> ZONE_SHIFT
}
