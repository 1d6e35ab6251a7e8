/* One line of JSON for each packet. */
#include "oracle.h"

static void jstr(FILE *f, const char *s) {
  fputc('"', f);
  for (; *s; s++) {
    u8 c = *s;
    if (c == '"' || c == '\\') {
      fputc('\\', f);
      fputc(c, f);
    } else if (c < 32)
      fprintf(f, "\\u%04x", c);
    else
      fputc(c, f);
  }
  fputc('"', f);
}

static void begin_line(u64 n, const char *state) {
  printf("{\"n\":%llu,\"state\":\"%s\"", (unsigned long long)n, state);
  if (R.at_us) printf(",\"at\":%llu", (unsigned long long)R.at_us);
}

void emit_simple(u64 n, const char *state, const char *verdict, const char *note) {
  begin_line(n, state);
  fputs(",\"verdict\":", stdout);
  if (verdict)
    jstr(stdout, verdict);
  else
    fputs("null", stdout);
  if (note) {
    fputs(",\"note\":", stdout);
    jstr(stdout, note);
  }
  if (R.nev) {
    fputs(",\"events\":[", stdout);
    for (int i = 0; i < R.nev; i++) printf("%s%s", i ? "," : "", R.ev[i]);
    fputc(']', stdout);
  }
  fputs("}\n", stdout);
}

/* the last reason; what an INVALID FIN or RST does to the timeout is told after the reason, and is none itself */
static int last_reason(void) {
  int i = R.nwhy - 1;
  while (i > 0 && strstr(R.why[i], "lower timeout to")) i--;
  return i;
}

/* the hook that was reached but not survived */
static int hook_of_drop(int lo) {
  if (R.b_in && !R.v_in) return 1;
  if (R.b_post && !R.v_post) return 4;
  if (R.b_fwd && !R.v_fwd) return 2;
  if (R.local && !R.v_out) return 3;
  if (lo ? R.v_post && !R.v_pre : !R.v_pre) return 0;
  return -1;
}

/* Dropped without a word: no rule's target did it, but a match that gives up (hotdrop), NAT, a helper. The last trace record, if any,
 * is of a rule that let the packet pass. Helpers drop after our own last chain, so that it shows only in what comes out. */
static int is_silent(int hook) {
  static const char *const dropping[] = {"DROP",       "REJECT",   "DNAT",   "SNAT",    "NETMAP", "REDIRECT",
                                         "MASQUERADE", "SYNPROXY", "TPROXY", "NFQUEUE", "TARPIT", "TCPMSS",
                                         "ECN",        "SECMARK"};
  if (!R.nt) return 1;
  if (R.trhook[R.nt - 1] == 255) return 0; /* of --nft */
  struct rule *r = find_rule(rec_v6, R.tr[R.nt - 1]);
  if (!r || R.trhook[R.nt - 1] != hook) return 1;
  for (unsigned i = 0; i < sizeof dropping / sizeof *dropping; i++)
    if (!strcmp(r->target, dropping[i])) return 0;
  return 1;
}

void emit(u64 n, int frag, int local, const char *note) {
  const char *state, *hook = NULL, *verdict;
  char b[256];
  int lasthook = -1;
  for (int i = 0; i < R.nt; i++)
    if (R.trhook[i] < 5) lasthook = R.trhook[i];
  int nothing = !R.t && !R.s && !R.nt;
  if (nothing) {
    if (frag && !R.nwhy)
      emit_simple(n, "FRAG_QUEUED", NULL, note);
    else
      emit_simple(n, "IP_DROP", "not-seen", note ? note : "dropped by the IP layer before any netfilter hook");
    return;
  }
  if (R.s)
    state = statename(R.state);
  else { /* dropped in the raw table (state NONE) or by conntrack itself */
    struct rule *r = R.nt ? find_rule(rec_v6, R.tr[R.nt - 1]) : NULL;
    state = o_notrace || (r && !strcmp(r->target, "DROP")) ? "NONE" : "CT_DROP";
  }
  if (R.local) hook = "OUTPUT";
  if (R.v_fwd || R.b_fwd || lasthook == 2)
    hook = "FORWARD";
  else if (R.v_in || R.b_in || lasthook == 1)
    hook = "INPUT";
  else if (!hook)
    hook = "PREROUTING";
  /* to itself, by its address or as NAT led it */
  int lo = R.local && (local == 2 || R.t_pre), died = hook_of_drop(lo);
  if (R.v_in && R.lost) {
    verdict = "DROP";
    died = 1;
  } else if (R.v_in)
    verdict = "ACCEPT";
  else if (R.v_post && !lo && !R.nx) {
    verdict = "DROP";
    died = 4;
  } else if (R.v_post && !lo)
    verdict = "ACCEPT";
  else if (R.v_post && R.nx) /* to itself, but NAT led it out */
    verdict = "ACCEPT";
  else if (R.local) {
    verdict = "DROP";
    if (R.v_out && !R.v_post && lasthook != 4 && !R.b_post) verdict = "not-routed";
    if (lo && R.v_post && (!R.t || (R.v_pre && !R.b_in))) verdict = "not-routed";
  } else if (R.v_pre && !R.v_fwd && strcmp(hook, "FORWARD") && strcmp(hook, "INPUT"))
    verdict = "not-routed";
  else
    verdict = "DROP";
  const char *dhook = hook;
  if (died >= 0)
    dhook = hookname(died);
  else if (lasthook >= 0)
    dhook = hookname(lasthook);
  begin_line(n, state);
  if (R.has_ct) {
    printf(",\"dir\":\"%s\",\"ct\":%u", R.dir ? "reply" : "original", ntohl(R.id));
    printf(",\"status\":\"%s\"", status_txt(R.status, b, sizeof b));
  }
  printf(",\"hook\":\"%s\",\"verdict\":\"%s\"", hook, verdict);
  int drop = !strcmp(verdict, "DROP"), silent = drop && !o_notrace && is_silent(died), ti = -1;
  if (drop) printf(",\"drop_hook\":\"%s\"", dhook);
  if (silent) fputs(",\"silent\":true", stdout);
  if (drop && !silent)
    ti = R.nt - 1;
  else if (!drop)
    for (int i = 0; i < R.nt; i++)
      if (!strncmp(R.tr[i], "filter:", 7) || !strncmp(R.tr[i], "nft:", 4)) ti = i;
  if (!o_notrace) {
    fputs(",\"rule\":", stdout);
    if (ti >= 0)
      jstr(stdout, R.tr[ti]);
    else
      fputs("null", stdout);
    struct rule *r = ti >= 0 ? find_rule(rec_v6, R.tr[ti]) : NULL;
    if (r && r->target[0]) {
      fputs(",\"target\":", stdout);
      jstr(stdout, r->target);
    }
    fputs(",\"trace\":[", stdout);
    for (int i = 0; i < R.nt; i++) {
      if (i) fputc(',', stdout);
      jstr(stdout, R.tr[i]);
    }
    fputc(']', stdout);
  }
  if (R.nwhy) {
    fputs(",\"why\":", stdout);
    jstr(stdout, R.why[last_reason()]);
  }
  if (R.nlogs) {
    fputs(",\"nflog\":[", stdout);
    for (int i = 0; i < R.nlogs; i++) {
      if (i) fputc(',', stdout);
      jstr(stdout, R.logs[i]);
    }
    fputc(']', stdout);
  }
  if (R.nk) {
    fputs(",\"kernel_sent\":[", stdout);
    for (int i = 0; i < R.nk; i++) {
      if (i) fputc(',', stdout);
      jstr(stdout, R.k[i]);
    }
    fputc(']', stdout);
  }
  if (R.nat[0]) {
    fputs(",\"nat\":", stdout);
    jstr(stdout, R.nat);
  }
  if (R.nev) {
    fputs(",\"events\":[", stdout);
    for (int i = 0; i < R.nev; i++) printf("%s%s", i ? "," : "", R.ev[i]);
    fputc(']', stdout);
  }
  if (note) {
    fputs(",\"note\":", stdout);
    jstr(stdout, note);
  }
  fputs("}\n", stdout);
}

/* IPv6 speaks to its neighbours when a device comes up, past our chains: MLD (after a hop-by-hop header) and neighbour discovery */
static int is_to_neighbours(const u8 *b) {
  int type = b[6] == IPPROTO_ICMPV6 ? b[40] : b[6] == 0 && b[40] == IPPROTO_ICMPV6 ? b[48] : -1;
  return b[0] >> 4 == 6 && b[24] == 0xff && ((type >= 130 && type <= 137) || type == 143);
}

void drain_dev(int fd, const u8 *in, int inlen) {
  static u8 b[70000];
  ssize_t r;
  while ((r = read(fd, b, sizeof b)) > 0) {
    if (r < 20 || inlen < 20 || b[0] >> 4 != in[0] >> 4 || (r >= 49 && in[24] != 0xff && is_to_neighbours(b))) continue;
    R.nx++;
    if (R.nat[0]) continue;
    int v6 = b[0] >> 4 == 6, ho = v6 ? 40 : (b[0] & 15) * 4, hi = v6 ? 40 : (in[0] & 15) * 4, pr = v6 ? b[6] : b[9];
    if (r < ho + 4 || inlen < hi + 4) continue;
    int ab = memcmp(b + (v6 ? 8 : 12), in + (v6 ? 8 : 12), v6 ? 32 : 8);
    int fr = !v6 && ((be16(b + 6) & 0x1fff) || (be16(in + 6) & 0x1fff));
    int pb = (pr == 6 || pr == 17) && !fr && memcmp(b + ho, in + hi, 4);
    if (ab || pb) pkt_txt(b, r, R.nat, sizeof R.nat);
  }
}
