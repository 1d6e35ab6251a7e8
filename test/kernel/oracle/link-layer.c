/* Where the IP packet of a frame begins. */
#include "oracle.h"

/* returns offset of the IP header or -1; *dirhint: 1 = capture says outgoing, 0 = incoming, -1 unknown, 3 otherhost */
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
    if (n < o + 2) return -1;
    return be16(d + o) == 0x0021 || be16(d + o) == 0x0057 ? (int)o + 2 : -1;
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
      if (o + 8 > n) return -1;
      et = be16(d + o + 6);
      o += 8;
      return et == 0x0021 || et == 0x0057 ? (int)o : -1;
    }
    return et == 0x0800 || et == 0x86dd ? (int)o : -1;
  }
}
