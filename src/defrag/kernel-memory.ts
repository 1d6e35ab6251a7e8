/**
 * Bytes that the kernel needs besides a packet's own: head room and skb_shared_info (OVERHEAD), and struct sk_buff
 * (STRUCTURE).
 */
const OVERHEAD = 384
const STRUCTURE = 256
const SMALLEST = 576
const PAGE = 4096

/**
 * Kernel memory that a fragment of `length` bytes counts for against the high_thresh limits. Drivers differ; these are
 * the sizes on a TUN device of Linux 6.18 on x86-64, by /proc/net/sockstat.
 */
export function kernelMemory(length: number): number {
  const size = length + OVERHEAD
  if (size <= SMALLEST) return SMALLEST + STRUCTURE
  if (size > 2 * PAGE) return Math.ceil(size / PAGE) * PAGE + STRUCTURE
  return Math.max(1024, 1 << (32 - Math.clz32(size - 1))) + STRUCTURE
}
