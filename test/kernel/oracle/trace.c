/* What netfilter told about the current packet: trace records and log lines. */
#include "oracle.h"

struct rec R;
int rec_v6;

/* linux/netfilter/nf_tables.h of 6.16 and later; older headers lack these */
enum { TR_TABLE = 1, TR_CHAIN = 2, TR_TYPE = 4, TR_CT_ID = 18, TR_CT_DIR = 19, TR_CT_STATUS = 20, TR_CT_STATE = 21 };

void on_trace(const u8 *p, int len) {
  struct at a[24];
  attrs(p, len, a, 24);
  if (!a[TR_TABLE].p || !a[TR_CHAIN].p) return;
  if (strcmp((char *)a[TR_TABLE].p, "kernel_oracle")) { /* an nft ruleset of the user (--nft) */
    if (R.nt < MAXT && a[TR_TYPE].p) {
      u32 ty = be32(a[TR_TYPE].p);
      u64 hd = 0;
      if (a[3].p)
        for (int i = 0; i < 8; i++) hd = hd << 8 | a[3].p[i];
      if (ty == 3 && !hd) return; /* end of chain */
      snprintf(R.tr[R.nt], sizeof R.tr[0], "nft:%.30s:%.30s:%s:%llu", (char *)a[TR_TABLE].p, (char *)a[TR_CHAIN].p,
               ty == 1   ? "policy"
               : ty == 2 ? "return"
                         : "rule",
               (unsigned long long)hd);
      R.trhook[R.nt++] = 255;
    }
    return;
  }
  const char *c = (char *)a[TR_CHAIN].p;
  u32 ty = a[TR_TYPE].p ? be32(a[TR_TYPE].p) : 0;
  u32 state = a[TR_CT_STATE].p ? be32(a[TR_CT_STATE].p) : 0;
  if (c[0] == 's' && !R.s) {
    R.s = 1;
    R.state = a[TR_CT_STATE].p ? (int)state : -1;
    if (a[TR_CT_ID].p) {
      R.has_ct = 1;
      memcpy(&R.id, a[TR_CT_ID].p, 4);
      R.dir = *a[TR_CT_DIR].p;
      R.status = a[TR_CT_STATUS].p ? be32(a[TR_CT_STATUS].p) : 0;
    }
  } else if (c[0] == 't') {
    R.t = 1;
    if (!strcmp(c, "t_pre")) R.t_pre = 1;
  } else if (c[0] == 'b') {
    if (c[2] == 'i')
      R.b_in = 1;
    else if (c[2] == 'f')
      R.b_fwd = 1;
    else
      R.b_post = 1;
  } else if (c[0] == 'v' && ty != 1) {
    if (!strcmp(c, "v_pre"))
      R.v_pre = 1;
    else if (!strcmp(c, "v_fwd"))
      R.v_fwd = 1;
    else if (!strcmp(c, "v_in"))
      R.v_in = 1;
    else if (!strcmp(c, "v_out"))
      R.v_out = 1;
    else
      R.v_post = 1;
    if (a[TR_CT_ID].p) {
      R.has_v = 1;
      R.vstatus = a[TR_CT_STATUS].p ? be32(a[TR_CT_STATUS].p) : 0;
    }
  }
}

/* The kernel hands a machine a copy of what it sends to all or to a group. The copy is another packet, which comes in. */
void forget_copy(void) {
  R.t_pre = R.v_pre = R.b_in = R.v_in = R.lost = 0;
  for (int i = 0; i < R.nt; i++)
    if (R.trhook[i] < 2) R.nt = i; /* PREROUTING, INPUT */
}

void on_log(struct nlmsghdr *h) {
  struct nfgenmsg *g = NLMSG_DATA(h);
  struct at a[24];
  attrs((u8 *)g + sizeof *g, h->nlmsg_len - NLMSG_LENGTH(sizeof *g), a, 24);
  int group = ntohs(g->res_id);
  const char *px = a[NFULA_PREFIX].p ? (const char *)a[NFULA_PREFIX].p : "";
  int hook = a[NFULA_PACKET_HDR].p ? a[NFULA_PACKET_HDR].p[2] : 255;
  if (group == NFGROUP) {
    if (R.nk < 8 && a[NFULA_PAYLOAD].p) pkt_txt(a[NFULA_PAYLOAD].p, a[NFULA_PAYLOAD].len, R.k[R.nk++], sizeof R.k[0]);
    return;
  }
  if (!strncmp(px, "TRACE: ", 7)) {
    if (R.nt < MAXT) {
      char *d = R.tr[R.nt];
      snprintf(d, sizeof R.tr[0], "%s", px + 7);
      size_t l = strlen(d);
      while (l && d[l - 1] == ' ') d[--l] = 0;
      R.trhook[R.nt++] = hook;
    }
  } else if (!strncmp(px, "nf_ct_", 6)) {
    if (R.nwhy < 4) {
      char *d = R.why[R.nwhy++];
      snprintf(d, 136, "%s", px);
      size_t l = strlen(d);
      while (l && d[l - 1] == ' ') d[--l] = 0;
    }
  } else if (R.nlogs < 16)
    snprintf(R.logs[R.nlogs++], 136, "%s", px);
}
