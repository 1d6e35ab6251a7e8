/* kernel-oracle: replays a capture through the netfilter of the running kernel, inside a private network namespace,
 * and writes what the kernel did with each packet, one JSON object a line. See README.md. */
#include "oracle.h"

struct net locals[MAXNET], insides[MAXNET];
int nlocals, ninsides;
static const char *o_cap, *o_dump, *o_pre, *o_post;
const char *o_rules, *o_rules6, *o_ipset, *o_in, *o_out;
int o_host, o_helper, o_pad, o_fix, o_events, o_notrace, o_fixttl, o_vtime;
static int o_stats, o_quiet, o_tick;
static double o_gap = -1, o_scale = 1;
static long o_limit = -1;
const char *o_sysctl[256], *o_help[64], *o_nft[16];
int n_sysctl, n_help, n_nft;

static void usage(void) {
  fputs("usage: kernel-oracle CAPTURE [--rules F] [--rules6 F] [--ipset F] [--nft F] [--mode forward|host]\n"
        "  [--local ADDR[/LEN],...] [--in-local ADDR,...] [--inside CIDR,...] [--in-iface N] [--out-iface N]\n"
        "  [--sysctl k=v]... [--helper-auto] [--helper proto/port=type]... [--pad] [--fix-checksums] [--fix-ttl]\n"
        "  [--realtime-gaps MAXSEC] [--time-scale F] [--virtual-time] [--tick] [--events] [--no-trace]\n"
        "  [--limit N] [--dump-table F] [--stats] [--quiet] > out.ndjson\n",
        stderr);
  exit(2);
}

static void read_options(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char *a = argv[i];
#define OPT(s) (!strcmp(a, s))
#define ARG (i + 1 < argc ? argv[++i] : (usage(), (char *)0))
    if (OPT("--rules"))
      o_rules = ARG;
    else if (OPT("--rules6"))
      o_rules6 = ARG;
    else if (OPT("--ipset"))
      o_ipset = ARG;
    else if (OPT("--nft")) {
      if (n_nft < 16) o_nft[n_nft++] = ARG;
    } else if (OPT("--mode")) {
      char *m = ARG;
      if (!strcmp(m, "host"))
        o_host = 1;
      else if (strcmp(m, "forward"))
        usage();
    } else if (OPT("--local"))
      parse_nets(ARG, locals, &nlocals);
    else if (OPT("--in-local")) {
      int first = nlocals;
      parse_nets(ARG, locals, &nlocals);
      for (int k = first; k < nlocals; k++) locals[k].behind = 1;
    } else if (OPT("--inside"))
      parse_nets(ARG, insides, &ninsides);
    else if (OPT("--in-iface"))
      o_in = ARG;
    else if (OPT("--out-iface"))
      o_out = ARG;
    else if (OPT("--sysctl")) {
      if (n_sysctl < 256) o_sysctl[n_sysctl++] = ARG;
    } else if (OPT("--helper-auto"))
      o_helper = 1;
    else if (OPT("--helper")) {
      if (n_help < 64) o_help[n_help++] = ARG;
    } else if (OPT("--pad"))
      o_pad = 1;
    else if (OPT("--fix-checksums"))
      o_fix = 1;
    else if (OPT("--fix-ttl"))
      o_fixttl = 1;
    else if (OPT("--realtime-gaps"))
      o_gap = atof(ARG);
    else if (OPT("--time-scale"))
      o_scale = atof(ARG);
    else if (OPT("--tick"))
      o_tick = 1;
    else if (OPT("--virtual-time"))
      o_vtime = 1;
    else if (OPT("--events"))
      o_events = 1;
    else if (OPT("--no-trace"))
      o_notrace = 1;
    else if (OPT("--limit"))
      o_limit = atol(ARG);
    else if (OPT("--dump-table"))
      o_dump = ARG;
    else if (OPT("--stats"))
      o_stats = 1;
    else if (OPT("--pre"))
      o_pre = ARG;
    else if (OPT("--post"))
      o_post = ARG;
    else if (OPT("--quiet"))
      o_quiet = 1;
    else if (a[0] == '-')
      usage();
    else if (!o_cap)
      o_cap = a;
    else
      usage();
  }
  if (!o_cap) usage();
  if (o_host && !nlocals) die("--mode host needs --local");
}

static double mono(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* --realtime-gaps: until the packet's moment, the capture's pauses shortened to what was allowed. Each moment counts from the first
 * packet, so that what one sleep is too long by does not add up. */
static void pause_as_captured(double seconds) {
  static double due;
  double pause = seconds * o_scale;
  if (due == 0) due = mono();
  due += pause > o_gap ? o_gap : pause;
  struct timespec t = {(time_t)due, (long)((due - (time_t)due) * 1e9)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR);
}

static u64 wall_clock_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

/* --tick: the kernel's clock moves on before each packet. What it does once a tick only (the lists of -m connlimit), it then
 * does for each packet; and always on the same CPU, for it spares what another one may just have added. */
static void stay_on_this_cpu(void) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(sched_getcpu(), &here);
  if (sched_setaffinity(0, sizeof here, &here)) die("sched_setaffinity: %s", strerror(errno));
}

static void wait_for_tick(void) {
  struct timespec before, now, nap = {0, 500000};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &before);
  do {
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  } while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec);
}

static void forget_last_packet(void) {
  R.t = R.s = R.v_pre = R.v_fwd = R.v_in = R.v_out = R.v_post = R.b_in = R.b_fwd = R.b_post = R.t_pre = 0;
  R.state = R.has_ct = R.has_v = R.local = R.dir = 0;
  R.status = 0;
  R.nt = R.nwhy = R.nlogs = R.nk = R.nev = R.nx = R.lost = 0;
  R.nat[0] = 0;
  R.at_us = 0;
}

/* known to kernel-oracle.ts, which then asks again */
#define UNSETTLED "IPv6 output not ready?"

static void replay_packet(struct packet *p, u64 n) {
  rec_v6 = p->v6;
  delivery_expect(p);
  int failed = inject(p);
  if (failed && !R.t) {
    char text[128];
    snprintf(text, sizeof text, "injection failed: %s", strerror(failed));
    emit_simple(n, "UNINJECTABLE", NULL, text);
    return;
  }
  drain_dev(fout, p->bytes, p->len);
  if (fin != fout) drain_dev(fin, p->bytes, p->len);
  delivery_note(p);
  if (o_vtime) vt_touch_seen();
  if (!R.t && !R.s && !R.nt && !p->local_src) packet_note_refusal(p);
  /* seen now and then within the first milliseconds of the namespace, on a busy machine */
  if (p->v6 && p->local_src && !p->local_dst && R.v_out && !R.v_post) packet_note(p, UNSETTLED);
  if (p->local_src && !p->local_dst && is_bcast(p->v6 ? 6 : 4, p->dst)) forget_copy();
  emit(n, p->frag, p->local_src ? (p->local_dst ? 2 : 1) : 0, p->note[0] ? p->note : NULL);
}

static u64 replay(struct cap *c) {
  static struct packet p;
  const u8 *d;
  u32 cl, wl;
  double ts, first = -1, latest = -1;
  int lt;
  u64 n = 0;
  while (cap_next(c, &d, &cl, &wl, &ts, &lt)) {
    if (o_limit >= 0 && (long)n >= o_limit) break;
    n++;
    if (first < 0) first = ts;
    if (o_gap >= 0 && latest >= 0 && ts > latest) pause_as_captured(ts - latest);
    if (o_tick) wait_for_tick();
    if (ts > latest) latest = ts;
    forget_last_packet();
    if (o_gap >= 0) R.at_us = wall_clock_us();
    if (o_vtime) {
      if (latest - first > vnow) vnow = latest - first;
      vt_expire();
    }
    if (packet_from_frame(&p, n, d, cl, wl, lt)) replay_packet(&p, n);
  }
  fflush(stdout);
  return n;
}

int main(int argc, char **argv) {
  struct cap c;
  read_options(argc, argv);
  cap_open(&c, o_cap);
  setvbuf(stdout, NULL, _IOFBF, 1 << 20);
  namespace_enter();
  if (o_pre) RUN("sh", "-c", o_pre);
  kernel_rules_load();
  nl_open();
  if (o_vtime) load_known();
  if (o_tick) stay_on_this_cpu();
  inject_open(&c);
  delivery_open();
  drain();
  memset(&R, 0, sizeof R);

  double start = mono();
  u64 n = replay(&c);
  double seconds = mono() - start;
  if (!o_quiet) {
    fprintf(stderr, "kernel-oracle: %llu packets in %.3f s, %.0f packets/s%s\n", (unsigned long long)n, seconds,
            n / (seconds > 0 ? seconds : 1e-9), nl_overruns ? " NETLINK OVERRUNS, RESULT NOT RELIABLE" : "");
    if (o_vtime)
      fprintf(stderr, "kernel-oracle: %llu entries expired in virtual time\n", (unsigned long long)v_expired);
  }
  if (o_dump) table_dump(o_dump);
  if (o_stats)
    RUN("sh", "-c",
        "conntrack -S; echo count $(cat /proc/sys/net/netfilter/nf_conntrack_count);"
        " echo '# expectations'; cat /proc/net/nf_conntrack_expect");
  if (o_post) RUN("sh", "-c", o_post);
  return nl_overruns ? 3 : 0;
}
