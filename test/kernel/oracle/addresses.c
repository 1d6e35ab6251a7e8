/* Addresses: which are this machine's own, which are for everybody. */
#include "oracle.h"

void parse_nets(char *s, struct net *t, int *n) {
  for (char *p = strtok(s, ","); p; p = strtok(NULL, ",")) {
    if (*n >= MAXNET) die("too many addresses");
    struct net *e = &t[*n];
    memset(e, 0, sizeof *e);
    char b[128];
    snprintf(b, sizeof b, "%s", p);
    char *sl = strchr(b, '/');
    int pl = -1;
    if (sl) {
      *sl = 0;
      pl = atoi(sl + 1);
    }
    if (inet_pton(AF_INET, b, e->a) == 1)
      e->fam = 4;
    else if (inet_pton(AF_INET6, b, e->a) == 1)
      e->fam = 6;
    else
      die("bad address %s", p);
    e->plen = pl < 0 ? (e->fam == 4 ? 32 : 128) : pl;
    snprintf(e->txt, sizeof e->txt, "%.45s/%d", b, e->plen);
    (*n)++;
  }
}

int in_net(const struct net *e, int fam, const u8 *a, int exact) {
  if (e->fam != fam) return 0;
  int bits = exact ? (fam == 4 ? 32 : 128) : e->plen, by = bits / 8;
  if (memcmp(a, e->a, by)) return 0;
  if (bits % 8) {
    u8 m = 0xff << (8 - bits % 8);
    if ((a[by] & m) != (e->a[by] & m)) return 0;
  }
  return 1;
}

int is_local(int fam, const u8 *a) {
  if (fam == 4 && a[0] == 127) return 1;
  if (fam == 6) {
    static const u8 l[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    if (!memcmp(a, l, 16)) return 1;
  }
  for (int i = 0; i < nlocals; i++)
    if (in_net(&locals[i], fam, a, 1)) return 1;
  return 0;
}

int is_bcast(int fam, const u8 *a) { /* multicast, limited and subnet broadcast */
  if (fam == 6) return a[0] == 0xff;
  if (a[0] >= 224 && a[0] < 240) return 1;
  u32 x = (u32)a[0] << 24 | a[1] << 16 | a[2] << 8 | a[3];
  if (x == 0xffffffffu) return 1;
  for (int i = 0; i < nlocals; i++)
    if (locals[i].fam == 4 && locals[i].plen < 31) {
      u32 m = locals[i].plen ? 0xffffffffu << (32 - locals[i].plen) : 0, l;
      l = (u32)locals[i].a[0] << 24 | locals[i].a[1] << 16 | locals[i].a[2] << 8 | locals[i].a[3];
      if (x == ((l & m) | ~m)) return 1;
    }
  return 0;
}
