/* --dump-table: the connection table and the expectations as ctnetlink lists them, one JSON object a line. Under
 * --virtual-time the timeouts are those on the capture's clock, and UDP's ASSURED is the one of that clock. */
#include "oracle.h"

static void tuple_json(FILE *f, const char *name, struct at t, const struct at *entry_zone) {
  struct at a[8], ip[8], p[16];
  char src[64] = "", dst[64] = "";
  attrs(t.p, t.len, a, 8);
  attrs(a[CTA_TUPLE_IP].p, a[CTA_TUPLE_IP].len, ip, 8);
  attrs(a[CTA_TUPLE_PROTO].p, a[CTA_TUPLE_PROTO].len, p, 16);
  if (ip[CTA_IP_V4_SRC].p) {
    inet_ntop(AF_INET, ip[CTA_IP_V4_SRC].p, src, sizeof src);
    inet_ntop(AF_INET, ip[CTA_IP_V4_DST].p, dst, sizeof dst);
  } else if (ip[CTA_IP_V6_SRC].p) {
    inet_ntop(AF_INET6, ip[CTA_IP_V6_SRC].p, src, sizeof src);
    inet_ntop(AF_INET6, ip[CTA_IP_V6_DST].p, dst, sizeof dst);
  }
  int v6 = p[CTA_PROTO_ICMPV6_ID].p != NULL;
  u32 sport = 0, dport = 0, zone = 0;
  if (p[CTA_PROTO_SRC_PORT].p) {
    sport = be16(p[CTA_PROTO_SRC_PORT].p);
    dport = be16(p[CTA_PROTO_DST_PORT].p);
  } else if (v6 || p[CTA_PROTO_ICMP_ID].p) {
    sport = be16(p[v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID].p);
    dport = *p[v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE].p << 8 |
            *p[v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE].p;
  }
  if (a[CTA_TUPLE_ZONE].p)
    zone = be16(a[CTA_TUPLE_ZONE].p);
  else if (entry_zone->p)
    zone = be16(entry_zone->p);
  fprintf(f, "\"%s\":{\"protocol\":%d,\"src\":\"%s\",\"dst\":\"%s\",\"sport\":%u,\"dport\":%u,\"zone\":%u}", name,
          p[CTA_PROTO_NUM].p ? *p[CTA_PROTO_NUM].p : 0, src, dst, sport, dport, zone);
}

/* seconds left: on the capture's clock where the entry is parked */
static double seconds_left(u32 id, int exp, const struct at *timeout) {
  u32 real = timeout->p ? be32(timeout->p) : 0;
  struct sh *e = o_vtime ? sh_find(id, exp) : NULL;
  return e && e->expiry < 1e299 && (exp || real > PARK - 400000) ? e->expiry - vnow : real;
}

static void entry_json(const struct nlmsghdr *h, void *file) {
  FILE *f = file;
  struct at a[40], b[8], c[8];
  char text[256];
  const u8 *g = NLMSG_DATA(h);
  u32 id = 0, status = 0;
  attrs(g + sizeof(struct nfgenmsg), h->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)), a, 40);
  if (a[CTA_ID].p) memcpy(&id, a[CTA_ID].p, 4);
  if (a[CTA_STATUS].p) status = be32(a[CTA_STATUS].p);
  struct sh *e = o_vtime ? sh_find(id, 0) : NULL;
  if (e && e->udp) status = e->assured ? status | IPS_ASSURED : status & ~IPS_ASSURED;
  fprintf(f, "{\"kind\":\"connection\",");
  tuple_json(f, "original", a[CTA_TUPLE_ORIG], &a[CTA_ZONE]);
  fputc(',', f);
  tuple_json(f, "reply", a[CTA_TUPLE_REPLY], &a[CTA_ZONE]);
  fprintf(f, ",\"status\":\"%s\",\"timeout\":%.6f", status_txt(status, text, sizeof text),
          seconds_left(id, 0, &a[CTA_TIMEOUT]));
  fprintf(f, ",\"mark\":%u", a[CTA_MARK].p ? be32(a[CTA_MARK].p) : 0);
  attrs(a[CTA_PROTOINFO].p, a[CTA_PROTOINFO].len, b, 8);
  attrs(b[CTA_PROTOINFO_TCP].p, b[CTA_PROTOINFO_TCP].len, c, 8);
  if (c[CTA_PROTOINFO_TCP_STATE].p && *c[CTA_PROTOINFO_TCP_STATE].p < 12)
    fprintf(f, ",\"tcp\":\"%s\"", tcpst[*c[CTA_PROTOINFO_TCP_STATE].p]);
  attrs(b[CTA_PROTOINFO_SCTP].p, b[CTA_PROTOINFO_SCTP].len, c, 8);
  if (c[CTA_PROTOINFO_SCTP_STATE].p) fprintf(f, ",\"sctp\":%d", *c[CTA_PROTOINFO_SCTP_STATE].p);
  attrs(a[CTA_HELP].p, a[CTA_HELP].len, b, 8);
  if (b[CTA_HELP_NAME].p) fprintf(f, ",\"helper\":\"%s\"", (const char *)b[CTA_HELP_NAME].p);
  if (a[CTA_TUPLE_MASTER].p) {
    fputc(',', f);
    tuple_json(f, "master", a[CTA_TUPLE_MASTER], &a[CTA_ZONE]);
  }
  fprintf(f, "}\n");
}

static void expectation_json(const struct nlmsghdr *h, void *file) {
  FILE *f = file;
  struct at a[16];
  const u8 *g = NLMSG_DATA(h);
  u32 id = 0;
  attrs(g + sizeof(struct nfgenmsg), h->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)), a, 16);
  if (a[CTA_EXPECT_ID].p) memcpy(&id, a[CTA_EXPECT_ID].p, 4);
  fprintf(f, "{\"kind\":\"expectation\",");
  tuple_json(f, "tuple", a[CTA_EXPECT_TUPLE], &a[CTA_EXPECT_ZONE]);
  fputc(',', f);
  tuple_json(f, "mask", a[CTA_EXPECT_MASK], &a[CTA_EXPECT_ZONE]);
  fputc(',', f);
  tuple_json(f, "master", a[CTA_EXPECT_MASTER], &a[CTA_EXPECT_ZONE]);
  fprintf(f, ",\"timeout\":%.6f,\"flags\":%u}\n", seconds_left(id, 1, &a[CTA_EXPECT_TIMEOUT]),
          a[CTA_EXPECT_FLAGS].p ? be32(a[CTA_EXPECT_FLAGS].p) : 0);
}

void table_dump(const char *path) {
  FILE *f = fopen(path, "w");
  if (!f) die("%s: %s", path, strerror(errno));
  drain();
  q_begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, 0, 0);
  if (q_dump(entry_json, f) < 0) die("--dump-table: the kernel does not list its connections");
  q_begin(NFNL_SUBSYS_CTNETLINK_EXP << 8 | IPCTNL_MSG_EXP_GET, NLM_F_DUMP, 0, 0);
  if (q_dump(expectation_json, f) < 0) die("--dump-table: the kernel does not list its expectations");
  fclose(f);
}
