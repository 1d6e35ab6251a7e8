/* Netlink attributes, and what they say in words. */
#include "oracle.h"

const char *statename(int s) {
  if (s < 0) return "INVALID";
  if (s & 64) return "UNTRACKED";
  if (s & 2) return "ESTABLISHED";
  if (s & 4) return "RELATED";
  if (s & 8) return "NEW";
  return "INVALID";
}

const char *hookname(int h) {
  static const char *n[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
  return h < 5 ? n[h] : "?";
}

const char *tcpst[] = {"NONE",     "SYN_SENT",  "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT",
                       "LAST_ACK", "TIME_WAIT", "CLOSE",    "SYN_SENT2",   "MAX",      "IGNORE"};
static const char *stbits[] = {"EXPECTED",   "SEEN_REPLY",   "ASSURED",      "CONFIRMED", "SRC_NAT",       "DST_NAT",
                               "SEQ_ADJUST", "SRC_NAT_DONE", "DST_NAT_DONE", "DYING",     "FIXED_TIMEOUT", "TEMPLATE",
                               "UNTRACKED",  "HELPER",       "OFFLOAD",      "HW_OFFLOAD"};
const char *status_txt(u32 s, char *b, size_t n) {
  size_t o = 0;
  b[0] = 0;
  for (int i = 0; i < 16; i++)
    if (s >> i & 1) {
      if (i == 7 || i == 8) continue;
      o += snprintf(b + o, n - o, "%s%s", o ? "," : "", stbits[i]);
      if (o >= n) break;
    }
  return b;
}

void attrs(const u8 *p, int len, struct at *a, int max) {
  memset(a, 0, max * sizeof *a);
  while (len >= 4) {
    u16 l, t;
    memcpy(&l, p, 2);
    memcpy(&t, p + 2, 2);
    t &= 0x3fff;
    if (l < 4 || l > len) break;
    if (t < max) {
      a[t].p = p + 4;
      a[t].len = l - 4;
    }
    int al = (l + 3) & ~3;
    p += al;
    len -= al;
  }
}

u32 be32(const u8 *p) {
  return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

u16 be16(const u8 *p) {
  return p[0] << 8 | p[1];
}

void pkt_txt(const u8 *p, int len, char *b, size_t n) {
  char s[64] = "", d[64] = "";
  int pr = -1, off = 0;
  if (len >= 20 && p[0] >> 4 == 4) {
    inet_ntop(AF_INET, p + 12, s, 64);
    inet_ntop(AF_INET, p + 16, d, 64);
    pr = p[9];
    off = (p[0] & 15) * 4;
  } else if (len >= 40 && p[0] >> 4 == 6) {
    inet_ntop(AF_INET6, p + 8, s, 64);
    inet_ntop(AF_INET6, p + 24, d, 64);
    pr = p[6];
    off = 40;
  }
  if (pr == 6 && len >= off + 14) {
    int f = p[off + 13];
    snprintf(b, n, "tcp %s%s%s%s%s %s:%u>%s:%u", f & 2 ? "S" : "", f & 1 ? "F" : "", f & 4 ? "R" : "", f & 8 ? "P" : "",
             f & 16 ? "A" : "", s, be16(p + off), d, be16(p + off + 2));
  } else if (pr == 17 && len >= off + 4)
    snprintf(b, n, "udp %s:%u>%s:%u", s, be16(p + off), d, be16(p + off + 2));
  else if ((pr == 1 || pr == 58) && len >= off + 2)
    snprintf(b, n, "icmp %d/%d %s>%s", p[off], p[off + 1], s, d);
  else
    snprintf(b, n, "proto%d %s>%s", pr, s, d);
}
/* conntrack tuples out of ctnetlink */
void tuple_txt(struct at t, char *b, size_t n) {
  struct at a[8], ip[8], pr[16];
  char s[64] = "?", d[64] = "?";
  b[0] = 0;
  if (!t.p) return;
  attrs(t.p, t.len, a, 8);
  attrs(a[CTA_TUPLE_IP].p, a[CTA_TUPLE_IP].len, ip, 8);
  attrs(a[CTA_TUPLE_PROTO].p, a[CTA_TUPLE_PROTO].len, pr, 16);
  if (ip[CTA_IP_V4_SRC].p) {
    inet_ntop(AF_INET, ip[CTA_IP_V4_SRC].p, s, 64);
    inet_ntop(AF_INET, ip[CTA_IP_V4_DST].p, d, 64);
  } else if (ip[CTA_IP_V6_SRC].p) {
    inet_ntop(AF_INET6, ip[CTA_IP_V6_SRC].p, s, 64);
    inet_ntop(AF_INET6, ip[CTA_IP_V6_DST].p, d, 64);
  }
  int num = pr[CTA_PROTO_NUM].p ? *pr[CTA_PROTO_NUM].p : -1;
  if (pr[CTA_PROTO_SRC_PORT].p)
    snprintf(b, n, "%d %s:%u>%s:%u", num, s, be16(pr[CTA_PROTO_SRC_PORT].p), d, be16(pr[CTA_PROTO_DST_PORT].p));
  else if (pr[CTA_PROTO_ICMP_ID].p)
    snprintf(b, n, "%d %s>%s id=%u type=%u", num, s, d, be16(pr[CTA_PROTO_ICMP_ID].p), *pr[CTA_PROTO_ICMP_TYPE].p);
  else if (pr[CTA_PROTO_ICMPV6_ID].p)
    snprintf(b, n, "%d %s>%s id=%u type=%u", num, s, d, be16(pr[CTA_PROTO_ICMPV6_ID].p), *pr[CTA_PROTO_ICMPV6_TYPE].p);
  else
    snprintf(b, n, "%d %s>%s", num, s, d);
}
