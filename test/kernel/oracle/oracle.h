/* What the parts of the oracle know of each other. */
#ifndef ORACLE_H
#define ORACLE_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* SO_MARK of our own raw sockets, cleared again in OUTPUT */
#define MAGIC 0x0c70ac1eu
/* NFLOG group for packets that the kernel itself wants to send */
#define NFGROUP 64998
/* --virtual-time parks entries here; the kernel caps at INT_MAX jiffies, 2147483 s when HZ is 1000 */
#define PARK 2000000u
#ifndef NETLINK_NETFILTER
#define NETLINK_NETFILTER 12
#endif

/* main.c: the command line */
struct net {
  int fam;
  u8 a[16];
  int plen;
  int behind; /* forward mode: on the device that packets come in by */
  char txt[64];
};
#define MAXNET 256
extern struct net locals[MAXNET], insides[MAXNET];
extern int nlocals, ninsides;
extern const char *o_rules, *o_rules6, *o_ipset, *o_in, *o_out;
extern int o_host, o_helper, o_pad, o_fix, o_events, o_notrace, o_fixttl, o_vtime;
extern const char *o_sysctl[256], *o_help[64], *o_nft[16];
extern int n_sysctl, n_help, n_nft;

/* addresses.c */
void parse_nets(char *s, struct net *t, int *n);
int in_net(const struct net *e, int fam, const u8 *a, int exact);
int is_local(int fam, const u8 *a);
int is_bcast(int fam, const u8 *a);

/* system.c */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void sysctl_must(const char *key, const char *val);
void user_sysctl(const char *kv);
/* runs argv with stdin from a file or a string; stdout to *out when given */
int runv(const char *const *argv, const char *infile, const char *intext, char **out);
#define RUN(...) runv((const char *const[]){__VA_ARGS__, NULL}, NULL, NULL, NULL)
#define MUST(...)                                                                                                      \
  do {                                                                                                                 \
    if (RUN(__VA_ARGS__)) die("command failed: %s", #__VA_ARGS__);                                                     \
  } while (0)
int mktun(const char *name);

/* rule-texts.c */
struct rule {
  char table[32], chain[64];
  int num; /* -1 for the policy */
  char target[64];
  char *text;
};
void load_rule_texts(int v6);
struct rule *find_rule(int v6, const char *tr);

/* trace.c: everything that is known about the current packet */
#define MAXT 1024
struct rec {
  int t, s, v_pre, v_fwd, v_in, v_out, v_post, b_in, b_fwd, b_post, t_pre; /* which of our chains saw it */
  int state, dir, local;
  u32 id, status;
  int has_ct;
  u32 vstatus;
  int has_v;
  int nt;
  char tr[MAXT][100];
  u8 trhook[MAXT];
  char why[4][136];
  int nwhy;
  int nlogs;
  char logs[16][136];
  int nk;
  char k[8][80];
  int nev;
  char ev[24][300];
  int nx;   /* packets that came out of the devices */
  int lost; /* survived INPUT, but was not handed on to the sockets: known only where something could drop it there */
  char nat[160];
  u64 at_us; /* --realtime-gaps: when it was sent, since the epoch; else 0 */
};
extern struct rec R;
extern int rec_v6;
void on_trace(const u8 *p, int len);
void on_log(struct nlmsghdr *h);
void forget_copy(void);

/* attributes.c */
struct at {
  const u8 *p;
  int len;
};
void attrs(const u8 *p, int len, struct at *a, int max);
u32 be32(const u8 *p);
u16 be16(const u8 *p);
extern const char *tcpst[];
const char *statename(int s);
const char *hookname(int h);
const char *status_txt(u32 s, char *b, size_t n);
void pkt_txt(const u8 *p, int len, char *b, size_t n);
void tuple_txt(struct at t, char *b, size_t n);

/* netlink.c */
extern int nl;
extern u32 nlqpid;
extern u64 nl_overruns;
void nl_open(void);
void drain(void);
void q_begin(int type, int flags, int fam, int res);
void q_attr(int t, const void *d, int l);
/* asks, and waits for the answer; returns -errno or 0 */
int q_send(struct at *ans, int max);
/* hands each message of a dump's answer to `each`; -errno or 0 */
int q_dump(void (*each)(const struct nlmsghdr *, void *), void *context);

/* conntrack-events.c */
void on_event(struct nlmsghdr *h, int exp);

/* shadow-table.c */
struct sh {
  u32 id;
  int fam, exp, used;
  double expiry;
  u8 tup[160];
  int tlen;
  u8 zone[4];
  int zlen;
  int touched, udp, seen, assured;
  double v0;
  double real; /* expectations: when their time is over on the kernel's own clock */
};
extern struct sh *shs;
extern int nsh;
extern double vnow, minexp;
extern u64 v_expired;
struct sh *sh_find(u32 id, int exp);
struct sh *sh_add(u32 id, int exp);

/* virtual-time.c */
void load_known(void);
void vt_expire(void);
void vt_touch_seen(void);
/* an expectation has so many seconds from now */
void vt_expectation_set(struct sh *e, u32 seconds);
extern int n_expectations; /* ever seen */

/* table-dump.c: the table at the end, into a file */
void table_dump(const char *path);

/* checksum.c */
u32 csum_add(u32 s, const u8 *p, int n);
u16 csum_fold(u32 s);
void fix_header_sum(u8 *ip, int hl);
void fix_l4(u8 *ip, int len, int hl, int proto, int v6);
/* offset of the upper layer header of an IPv6 packet */
int v6_l4(const u8 *p, int len, int *proto, int *frag);

/* capture.c */
struct cap {
  const u8 *b;
  size_t n, o;
  int swap, nano, ng, lt;
  struct {
    int lt;
    double res;
  } ifs[256];
  int nifs;
};
void cap_open(struct cap *c, const char *f);
int cap_next(struct cap *c, const u8 **d, u32 *cl, u32 *wl, double *ts, int *lt);

/* link-layer.c: offset of the IP header, -1 for none, -2 for an unknown link type.
 * *dirhint: 1 = the capture says outgoing, 0 = incoming, -1 unknown, 3 for another host */
int link_off(const u8 *d, u32 n, int lt, int *dirhint);

/* packet.c: one frame of the capture, made ready for the kernel */
struct packet {
  u8 bytes[70000];
  int len, hl, v6, frag, local_src, local_dst;
  int cut; /* the capture holds less than the IP header says: 1 by its snap length, 2 it was that short on the wire */
  const u8 *src, *dst;
  char note[200];
};
/* 0 when there is nothing to inject; the line of output was then written */
int packet_from_frame(struct packet *p, u64 n, const u8 *d, u32 cl, u32 wl, int lt);
void packet_note(struct packet *p, const char *s);
void packet_note_refusal(struct packet *p);

/* namespace.c */
extern const char *din, *dout;
extern int fin, fout;
void namespace_enter(void);

/* kernel-rules.c */
void kernel_rules_load(void);

/* inject.c */
void inject_open(const struct cap *c);
/* 0, or the errno of a failed injection */
int inject(struct packet *p);

/* delivery.c: whether what survived INPUT came to the sockets; asked only where something may drop it after INPUT */
void delivery_open(void);
void delivery_expect(const struct packet *p);
void delivery_note(const struct packet *p);

/* output.c */
void emit_simple(u64 n, const char *state, const char *verdict, const char *note);
void emit(u64 n, int frag, int local, const char *note);
/* what came out of the devices: tells NAT apart */
void drain_dev(int fd, const u8 *in, int inlen);
#endif
