/* Where the IP packet of a frame begins. */
#include "oracle.h"

/* offset of the IP packet after a stack of MPLS labels, or -1 */
static int after_labels(const u8 *d, u32 n, u32 o) {
  for (; o + 4 < n; o += 4)
    if (d[o + 2] & 1) return d[o + 4] >> 4 == 4 || d[o + 4] >> 4 == 6 ? (int)o + 4 : -1;
  return -1;
}

static int after_ppp_protocol(const u8 *d, u32 n, u32 o) {
  if (o + 2 > n) return -1;
  u16 protocol = be16(d + o);
  if (protocol == 0x0281 || protocol == 0x0283) return after_labels(d, n, o + 2);
  return protocol == 0x0021 || protocol == 0x0057 ? (int)o + 2 : -1;
}

int link_off(const u8 *d, u32 n, int lt, int *dirhint) {
  u32 o;
  u16 et;
  *dirhint = -1;
  switch (lt) {
  case 1:
    if (n < 14) return -1;
    o = 12;
    break;
  case 101:
  case 12:
  case 14:
  case 228:
  case 229:
    return n && (d[0] >> 4 == 4 || d[0] >> 4 == 6) ? 0 : -1;
  case 0:
  case 108:
    if (n < 5) return -1;
    return d[4] >> 4 == 4 || d[4] >> 4 == 6 ? 4 : -1;
  case 113:
    if (n < 16) return -1;
    *dirhint = be16(d) == 4 ? 1 : be16(d) == 3 ? 3 : 0;
    o = 14;
    break;
  case 276:
    if (n < 20) return -1;
    *dirhint = d[10] == 4 ? 1 : d[10] == 3 ? 3 : 0;
    et = be16(d);
    o = 20;
    if (et == 0x0800 || et == 0x86dd) return 20;
    if (et == 0x8100 || et == 0x88a8) {
      if (n < 24) return -1;
      et = be16(d + 22);
      return et == 0x0800 || et == 0x86dd ? 24 : -1;
    }
    return -1;
  case 9: /* PPP, with or without the HDLC address, or Cisco HDLC */
  case 50:
    if (n >= 4 && (d[0] == 0x0f || d[0] == 0x8f) && !d[1])
      return be16(d + 2) == 0x0800 || be16(d + 2) == 0x86dd ? 4 : -1;
    o = n >= 2 && d[0] == 0xff && d[1] == 3 ? 2 : 0;
    return after_ppp_protocol(d, n, o);
  case 104:
    return n >= 4 && (be16(d + 2) == 0x0800 || be16(d + 2) == 0x86dd) ? 4 : -1;
  default:
    return -2;
  }
  for (;;) {
    if (o + 2 > n) return -1;
    et = be16(d + o);
    o += 2;
    if (et == 0x8100 || et == 0x88a8 || et == 0x9100) {
      o += 2;
      continue;
    }
    if (et == 0x8864) {
      return after_ppp_protocol(d, n, o + 6);
    }
    if (et == 0x8847 || et == 0x8848) return after_labels(d, n, o);
    return et == 0x0800 || et == 0x86dd ? (int)o : -1;
  }
}
