/* Events of ctnetlink: new, changed and destroyed entries and expectations. */
#include "oracle.h"

void on_event(struct nlmsghdr *h, int exp) {
  struct nfgenmsg *g = NLMSG_DATA(h);
  struct at a[40];
  char t[200], tx[256] = "", stx[200] = "";
  attrs((u8 *)g + sizeof *g, h->nlmsg_len - NLMSG_LENGTH(sizeof *g), a, 40);
  int m = NFNL_MSG_TYPE(h->nlmsg_type);
  const char *n = m == 2 ? "DESTROY" : (h->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL)) ? "NEW" : "UPDATE";
  u32 id = 0;
  if (h->nlmsg_pid && h->nlmsg_pid == nlqpid) {
    if (m != 2) return;
    n = "EXPIRED";
  } /* our own --virtual-time requests */
  if (!exp) {
    tuple_txt(a[CTA_TUPLE_ORIG], t, sizeof t);
    if (a[CTA_ID].p) memcpy(&id, a[CTA_ID].p, 4);
    int o = 0;
    if (a[CTA_PROTOINFO].p) {
      struct at b[8], c[8];
      attrs(a[CTA_PROTOINFO].p, a[CTA_PROTOINFO].len, b, 8);
      if (b[CTA_PROTOINFO_TCP].p) {
        attrs(b[CTA_PROTOINFO_TCP].p, b[CTA_PROTOINFO_TCP].len, c, 8);
        if (c[1].p && *c[1].p < 12) o += snprintf(tx + o, sizeof tx - o, ",\"tcp\":\"%s\"", tcpst[*c[1].p]);
      } else if (b[CTA_PROTOINFO_SCTP].p) {
        attrs(b[CTA_PROTOINFO_SCTP].p, b[CTA_PROTOINFO_SCTP].len, c, 8);
        if (c[1].p) o += snprintf(tx + o, sizeof tx - o, ",\"sctp\":%d", *c[1].p);
      }
    }
    if (a[CTA_TIMEOUT].p && !(o_vtime && be32(a[CTA_TIMEOUT].p) > PARK - 400000))
      o += snprintf(tx + o, sizeof tx - o, ",\"timeout\":%u", be32(a[CTA_TIMEOUT].p));
    if (a[CTA_STATUS].p)
      snprintf(tx + o, sizeof tx - o, ",\"status\":\"%s\"", status_txt(be32(a[CTA_STATUS].p), stx, sizeof stx));
    if (o_vtime) {
      struct sh *e = sh_find(id, 0);
      if (m == 2) {
        if (e) e->used = 0;
      } else if (!e && a[CTA_TUPLE_ORIG].p && a[CTA_TUPLE_ORIG].len <= (int)sizeof e->tup) {
        e = sh_add(id, 0);
        e->fam = g->nfgen_family;
        e->tlen = a[CTA_TUPLE_ORIG].len;
        memcpy(e->tup, a[CTA_TUPLE_ORIG].p, e->tlen);
        if (a[CTA_ZONE].p) {
          e->zlen = 2;
          memcpy(e->zone, a[CTA_ZONE].p, 2);
        }
        e->touched = 1;
        e->v0 = vnow;
        e->udp = !strncmp(t, "17 ", 3);
      }
    }
  } else {
    tuple_txt(a[CTA_EXPECT_TUPLE], t, sizeof t);
    if (a[CTA_EXPECT_ID].p) memcpy(&id, a[CTA_EXPECT_ID].p, 4);
    if (a[CTA_EXPECT_TIMEOUT].p) snprintf(tx, sizeof tx, ",\"timeout\":%u", be32(a[CTA_EXPECT_TIMEOUT].p));
    if (o_vtime) {
      struct sh *e = sh_find(id, 1);
      if (m == 2) {
        if (e) e->used = 0;
      } else if (a[CTA_EXPECT_TUPLE].p && a[CTA_EXPECT_TUPLE].len <= (int)sizeof e->tup) {
        if (!e) e = sh_add(id, 1);
        e->fam = g->nfgen_family;
        e->tlen = a[CTA_EXPECT_TUPLE].len;
        memcpy(e->tup, a[CTA_EXPECT_TUPLE].p, e->tlen);
        if (a[CTA_EXPECT_ZONE].p) {
          e->zlen = 2;
          memcpy(e->zone, a[CTA_EXPECT_ZONE].p, 2);
        }
        vt_expectation_set(e, a[CTA_EXPECT_TIMEOUT].p ? be32(a[CTA_EXPECT_TIMEOUT].p) : 300);
        n_expectations++;
      }
    }
  }
  if (o_events && R.nev < 24)
    snprintf(R.ev[R.nev++], sizeof R.ev[0], "{\"ev\":\"%s%s\",\"id\":%u,\"tuple\":\"%s\"%s}", exp ? "EXP_" : "", n,
             ntohl(id), t, tx);
}
