/* Virtual time: read the timeout just set by the kernel, park the entry far away, delete it when its time has come. */
#include "oracle.h"

int n_expectations;
static u32 known_to[256], t_udp, t_stream;
static int n_known;
void load_known(void) {
  static const char *k[] = {"generic_timeout",
                            "gre_timeout",
                            "gre_timeout_stream",
                            "icmp_timeout",
                            "icmpv6_timeout",
                            "tcp_timeout_close",
                            "tcp_timeout_close_wait",
                            "tcp_timeout_established",
                            "tcp_timeout_fin_wait",
                            "tcp_timeout_last_ack",
                            "tcp_timeout_max_retrans",
                            "tcp_timeout_syn_recv",
                            "tcp_timeout_syn_sent",
                            "tcp_timeout_time_wait",
                            "tcp_timeout_unacknowledged",
                            "udp_timeout",
                            "udp_timeout_stream",
                            "sctp_timeout_closed",
                            "sctp_timeout_cookie_echoed",
                            "sctp_timeout_cookie_wait",
                            "sctp_timeout_established",
                            "sctp_timeout_heartbeat_sent",
                            "sctp_timeout_shutdown_ack_sent",
                            "sctp_timeout_shutdown_recd",
                            "sctp_timeout_shutdown_sent"};
  for (unsigned i = 0; i < sizeof k / sizeof *k; i++) {
    char p[200], b[64] = "";
    snprintf(p, sizeof p, "/proc/sys/net/netfilter/nf_conntrack_%s", k[i]);
    int fd = open(p, O_RDONLY);
    if (fd < 0) continue;
    if (read(fd, b, 63) > 0) known_to[n_known++] = atoi(b);
    close(fd);
    if (!strcmp(k[i], "udp_timeout"))
      t_udp = atoi(b);
    else if (!strcmp(k[i], "udp_timeout_stream"))
      t_stream = atoi(b);
  }
}

static int is_known(u32 x) {
  for (int i = 0; i < n_known; i++)
    if (known_to[i] == x) return 1;
  return 0;
}

/* nf_conntrack_tcp_timeout_time_wait: an INVALID FIN or RST lowers only what has longer to live */
#define TIME_WAIT_LIFE 120

static void vt_touch(struct sh *e, int lowered) {
  struct at a[40];
  e->touched = 0;
  if (e->exp) return;
  q_begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, 0, e->fam, 0);
  q_attr(CTA_TUPLE_ORIG | NLA_F_NESTED, e->tup, e->tlen);
  if (e->zlen) q_attr(CTA_ZONE, e->zone, 2);
  if (q_send(a, 40) < 0 || !a[CTA_TIMEOUT].p) return;
  u32 id = 0;
  if (a[CTA_ID].p) memcpy(&id, a[CTA_ID].p, 4);
  if (id != e->id) return;
  u32 k = be32(a[CTA_TIMEOUT].p);
  if (k > PARK - 400000) return;            /* not refreshed by this packet */
  if (!is_known(k) && is_known(k + 1)) k++; /* one jiffy went by between */
  u32 park = htonl(PARK), newst = 0;
  if (e->udp) { /* the kernel looks at real time: stream = replied and older than 2 s */
    int stream = e->seen && vnow - e->v0 > 2.0;
    if (k == t_udp || k == t_stream) k = stream ? t_stream : t_udp; /* else a helper has set it */
    if (stream) e->assured = 1;
    if (stream && a[CTA_STATUS].p && !(be32(a[CTA_STATUS].p) & IPS_ASSURED)) newst = be32(a[CTA_STATUS].p) | IPS_ASSURED;
    if (R.has_ct && R.id == e->id) R.status = e->assured ? R.status | IPS_ASSURED : R.status & ~IPS_ASSURED;
  }
  if (e->udp && a[CTA_STATUS].p && be32(a[CTA_STATUS].p) & IPS_SEEN_REPLY) e->seen = 1;
  /* lowered by an INVALID packet: the kernel saw the parked time, and leaves a short life alone */
  double left = e->expiry - vnow;
  if (!lowered || (left > k && left >= TIME_WAIT_LIFE)) e->expiry = vnow + k;
  if (e->expiry < minexp) minexp = e->expiry;
  q_begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, NLM_F_ACK, e->fam, 0);
  q_attr(CTA_TUPLE_ORIG | NLA_F_NESTED, e->tup, e->tlen);
  if (e->zlen) q_attr(CTA_ZONE, e->zone, 2);
  q_attr(CTA_TIMEOUT, &park, 4);
  if (newst) {
    newst = htonl(newst);
    q_attr(CTA_STATUS, &newst, 4);
  }
  q_send(NULL, 0);
}

/* whole seconds, of which one may have begun: the timeouts of helpers end in 0 */
static u32 rounded(u32 k) {
  return k + (k % 10 == 9 ? 1 : 0);
}

static double mono(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

void vt_expectation_set(struct sh *e, u32 k) {
  e->real = mono() + k;
  e->expiry = vnow + rounded(k);
  if (e->expiry < minexp) minexp = e->expiry;
}

/* No event tells that a helper (sip) renews an expectation: then its real time ends elsewhere than it did. */
static void vt_renewed(struct sh *e) {
  struct at a[16];
  q_begin(NFNL_SUBSYS_CTNETLINK_EXP << 8 | IPCTNL_MSG_EXP_GET, 0, e->fam, 0);
  q_attr(CTA_EXPECT_TUPLE | NLA_F_NESTED, e->tup, e->tlen);
  if (e->zlen) q_attr(CTA_EXPECT_ZONE, e->zone, 2);
  if (q_send(a, 16) < 0 || !a[CTA_EXPECT_TIMEOUT].p || !a[CTA_EXPECT_ID].p || memcmp(a[CTA_EXPECT_ID].p, &e->id, 4)) return;
  u32 k = be32(a[CTA_EXPECT_TIMEOUT].p);
  double moved = mono() + k - e->real;
  if (moved > 1.5 || moved < -1.5) vt_expectation_set(e, k);
}

void vt_expire(void) {
  if (vnow < minexp) return;
  double m = 1e300;
  for (int i = 0; i < nsh; i++) {
    struct sh *e = &shs[i];
    if (!e->used) continue;
    if (e->expiry > vnow) {
      if (e->expiry < m) m = e->expiry;
      continue;
    }
    if (e->exp) {
      q_begin(NFNL_SUBSYS_CTNETLINK_EXP << 8 | IPCTNL_MSG_EXP_DELETE, NLM_F_ACK, e->fam, 0);
      q_attr(CTA_EXPECT_TUPLE | NLA_F_NESTED, e->tup, e->tlen);
      q_attr(CTA_EXPECT_ID, &e->id, 4);
      if (e->zlen) q_attr(CTA_EXPECT_ZONE, e->zone, 2);
    } else {
      q_begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, e->fam, 0);
      q_attr(CTA_TUPLE_ORIG | NLA_F_NESTED, e->tup, e->tlen);
      q_attr(CTA_ID, &e->id, 4);
      if (e->zlen) q_attr(CTA_ZONE, e->zone, 2);
    }
    q_send(NULL, 0);
    e->used = 0;
    v_expired++;
  }
  minexp = m;
}

/* after each packet: its own entry, and those that its events have just made known */
void vt_touch_seen(void) {
  /* An INVALID packet carries no entry, but may have changed the one that it was held against. */
  for (int w = 0; w < R.nwhy; w++)
    if (strstr(R.why[w], "lower timeout to"))
      for (int i = 0; i < nsh; i++)
        if (shs[i].used) vt_touch(&shs[i], 1);
  if (R.has_ct) {
    struct sh *e = sh_find(R.id, 0);
    if (e) vt_touch(e, 0);
    for (int i = 0; i < nsh && n_expectations; i++)
      if (shs[i].used && shs[i].exp) vt_renewed(&shs[i]);
  }
  for (int i = nsh - 1; i >= 0 && i > nsh - 8; i--)
    if (shs[i].used && shs[i].touched) vt_touch(&shs[i], 0);
}
