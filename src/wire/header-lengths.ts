/** Bytes of the IPv6 header, without extension headers. */
export const IPV6_HEADER = 40
