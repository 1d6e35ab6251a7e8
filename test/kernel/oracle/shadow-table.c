/* The entries and expectations that --virtual-time keeps watch over, found by the kernel's id. */
#include "oracle.h"

struct sh *shs;
int nsh;
static int capsh;
static u32 *shidx;
static u32 shmask; /* open addressing on id */
double vnow, minexp = 1e300;
u64 v_expired;
static void sh_rehash(void) {
  u32 sz = 1024;
  while (sz < (u32)capsh * 4) sz *= 2;
  free(shidx);
  shidx = calloc(sz, 4);
  shmask = sz - 1;
  for (int i = 0; i < nsh; i++)
    if (shs[i].used) {
      u32 h = shs[i].id * 2654435761u & shmask;
      while (shidx[h]) h = (h + 1) & shmask;
      shidx[h] = i + 1;
    }
}

struct sh *sh_find(u32 id, int exp) {
  if (!shidx) return NULL;
  for (u32 h = id * 2654435761u & shmask; shidx[h]; h = (h + 1) & shmask) {
    struct sh *e = &shs[shidx[h] - 1];
    if (e->used && e->id == id && e->exp == exp) return e;
  }
  return NULL;
}

struct sh *sh_add(u32 id, int exp) {
  if (nsh == capsh) { /* compact, then grow */
    int k = 0;
    for (int i = 0; i < nsh; i++)
      if (shs[i].used) shs[k++] = shs[i];
    nsh = k;
    if (nsh * 4 >= capsh * 3 || !capsh) shs = realloc(shs, (capsh = capsh ? capsh * 2 : 1024) * sizeof *shs);
    sh_rehash();
  }
  struct sh *e = &shs[nsh++];
  memset(e, 0, sizeof *e);
  e->id = id;
  e->exp = exp;
  e->used = 1;
  e->expiry = 1e300;
  u32 h = id * 2654435761u & shmask;
  while (shidx[h]) h = (h + 1) & shmask;
  shidx[h] = nsh;
  return e;
}
