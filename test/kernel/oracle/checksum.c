/* Checksums, and where the transport header begins. */
#include "oracle.h"

u32 csum_add(u32 s, const u8 *p, int n) {
  while (n > 1) {
    s += p[0] << 8 | p[1];
    p += 2;
    n -= 2;
  }
  if (n) s += p[0] << 8;
  return s;
}

u16 csum_fold(u32 s) {
  while (s >> 16) s = (s & 0xffff) + (s >> 16);
  return ~s;
}
/* over the IPv4 header alone */
void fix_header_sum(u8 *ip, int hl) {
  ip[10] = ip[11] = 0;
  u16 c = csum_fold(csum_add(0, ip, hl));
  ip[10] = c >> 8;
  ip[11] = c;
}

void fix_l4(u8 *ip, int len, int hl, int proto, int v6) {
  u8 *p = ip + hl;
  int n = len - hl, off;
  u32 s = 0;
  if (proto == 6)
    off = 16;
  else if (proto == 17)
    off = 6;
  else if (proto == 1 && !v6)
    off = 2;
  else if (proto == 58 && v6)
    off = 2;
  else
    return;
  if (n < off + 2 || (proto == 6 && n < 20) || n < 8) return;
  if (proto == 17 && !v6 && !p[6] && !p[7]) return; /* no checksum */
  p[off] = p[off + 1] = 0;
  if (proto != 1) {
    s = v6 ? csum_add(0, ip + 8, 32) : csum_add(0, ip + 12, 8);
    s += proto;
    s += n;
  }
  u16 c = csum_fold(csum_add(s, p, n));
  if (!c && proto == 17) c = 0xffff;
  p[off] = c >> 8;
  p[off + 1] = c;
}

int v6_l4(const u8 *p, int len, int *proto, int *frag) {
  int nh = p[6], o = 40;
  *frag = 0;
  while (o + 8 <= len && (nh == 0 || nh == 43 || nh == 60 || nh == 44)) {
    if (nh == 44) {
      *frag = (be16(p + o + 2) & 0xfff9) != 0;
      nh = p[o];
      o += 8;
      if (*frag) break;
    } else {
      nh = p[o];
      o += (p[o + 1] + 1) * 8;
    }
  }
  *proto = nh;
  return o;
}
