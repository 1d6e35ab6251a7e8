/* Reader of pcap (both byte orders, microseconds and nanoseconds) and plain pcapng files. */
#include "oracle.h"

static u32 c32(struct cap *c, const u8 *p) {
  u32 v;
  memcpy(&v, p, 4);
  return c->swap ? __builtin_bswap32(v) : v;
}

static u16 c16(struct cap *c, const u8 *p) {
  u16 v;
  memcpy(&v, p, 2);
  return c->swap ? __builtin_bswap16(v) : v;
}

void cap_open(struct cap *c, const char *f) {
  memset(c, 0, sizeof *c);
  int fd = open(f, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) die("%s: %s", f, strerror(errno));
  c->n = st.st_size;
  if (c->n < 24) die("%s: too short for a capture", f);
  c->b = mmap(NULL, c->n, PROT_READ, MAP_PRIVATE, fd, 0);
  if (c->b == MAP_FAILED) die("mmap");
  close(fd);
  u32 m;
  memcpy(&m, c->b, 4);
  if (m == 0xa1b2c3d4 || m == 0xa1b23c4d || m == 0xd4c3b2a1 || m == 0x4d3cb2a1) {
    c->swap = m == 0xd4c3b2a1 || m == 0x4d3cb2a1;
    c->nano = m == 0xa1b23c4d || m == 0x4d3cb2a1;
    c->lt = c32(c, c->b + 20) & 0xffff;
    c->o = 24;
  } else if (m == 0x0a0d0d0a)
    c->ng = 1;
  else
    die("%s: not a pcap or pcapng file", f);
}

int cap_next(struct cap *c, const u8 **d, u32 *cl, u32 *wl, double *ts, int *lt) {
  if (!c->ng) {
    if (c->o + 16 > c->n) return 0;
    const u8 *h = c->b + c->o;
    *cl = c32(c, h + 8);
    *wl = c32(c, h + 12);
    *ts = c32(c, h) + c32(c, h + 4) / (c->nano ? 1e9 : 1e6);
    if (*cl > 1 << 22 || c->o + 16 + *cl > c->n) {
      fprintf(stderr, "kernel-oracle: capture ends inside a packet\n");
      return 0;
    }
    *d = h + 16;
    *lt = c->lt;
    c->o += 16 + *cl;
    return 1;
  }
  for (;;) {
    if (c->o + 12 > c->n) return 0;
    const u8 *h = c->b + c->o;
    u32 ty;
    memcpy(&ty, h, 4);
    if (ty == 0x0a0d0d0a) {
      u32 m;
      memcpy(&m, h + 8, 4);
      c->swap = m != 0x1a2b3c4d;
      c->nifs = 0;
    } else
      ty = c32(c, h);
    u32 bl = c32(c, h + 4);
    if (bl < 12 || c->o + bl > c->n) return 0;
    c->o += bl;
    if (ty == 1 && bl >= 20 && c->nifs < 256) {
      int i = c->nifs++;
      c->ifs[i].lt = c16(c, h + 8);
      c->ifs[i].res = 1e6;
      for (u32 o = 16; o + 4 <= bl - 4;) {
        int t = c16(c, h + o), l = c16(c, h + o + 2);
        if (!t) break;
        if (t == 9) {
          u8 r = h[o + 4];
          double x = 1;
          for (int k = 0; k < (r & 127); k++) x *= r & 128 ? 2 : 10;
          c->ifs[i].res = x;
        }
        o += 4 + ((l + 3) & ~3);
      }
    } else if (ty == 6 && bl >= 32) {
      u32 i = c32(c, h + 8);
      if (i >= (u32)c->nifs) return 0;
      u64 t = (u64)c32(c, h + 12) << 32 | c32(c, h + 16);
      *ts = t / c->ifs[i].res;
      *cl = c32(c, h + 20);
      *wl = c32(c, h + 24);
      *lt = c->ifs[i].lt;
      *d = h + 28;
      if (*cl > bl - 32) return 0;
      return 1;
    } else if (ty == 3 && c->nifs) {
      *wl = c32(c, h + 8);
      *cl = *wl < bl - 16 ? *wl : bl - 16;
      *ts = 0;
      *lt = c->ifs[0].lt;
      *d = h + 12;
      return 1;
    }
  }
}
