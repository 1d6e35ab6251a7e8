/* What the kernel is told before the first packet: our own chains, helpers, sysctls, and the rules of the user. */
#include "oracle.h"

static const char *const usual_helpers[] = {
    "tcp/21=ftp",         "udp/69=tftp",  "udp/5060=sip",  "tcp/5060=sip",  "tcp/6667=irc", "udp/10080=amanda",
    "udp/137=netbios-ns", "udp/161=snmp", "tcp/6566=sane", "tcp/1723=pptp", "udp/1719=RAS", "tcp/1720=Q.931"};

static void helper_parts(const char *text, char protocol[16], int *port, char type[64]) {
  if (sscanf(text, "%15[^/]/%d=%63s", protocol, port, type) != 3) die("--helper %s: want proto/port=type", text);
}

/* Our own nft table, whose chains are passed on the way:
 *   k_out drops what the kernel itself sends and clears the mark of what we send; t_ switch tracing on; s_ right after
 *   conntrack show the label; v_ last of all show that the hook was survived, b_ first of all that it was reached. */
static void load_own_table(void) {
  static const char *const hooks[5][2] = {
      {"pre", "prerouting"}, {"in", "input"}, {"fwd", "forward"}, {"out", "output"}, {"post", "postrouting"}};
  char *text = NULL, protocol[16], type[64];
  size_t size = 0;
  int port;
  FILE *f = open_memstream(&text, &size);
  fprintf(f, "table inet kernel_oracle {\n");
  for (int i = 0; i < n_help; i++) {
    helper_parts(o_help[i], protocol, &port, type);
    fprintf(f, " ct helper h%d { type \"%s\" protocol %s; }\n", i, type, protocol);
  }
  fprintf(f,
          " chain ctuser { ct state new; }\n"
          " chain k_out { type filter hook output priority -450;\n"
          "  meta mark != %u log prefix \"K\" group %d snaplen 128 drop; meta mark set 0; }\n"
          " chain t_pre { type filter hook prerouting priority -310; meta nftrace set 1 accept; }\n"
          " chain t_out { type filter hook output priority -310; meta nftrace set 1 accept; }\n"
          " chain s_pre { type filter hook prerouting priority -199; }\n"
          " chain s_out { type filter hook output priority -199; }\n",
          MAGIC, NFGROUP);
  for (int i = 0; i < 5; i++) {
    fprintf(f, " chain v_%s { type filter hook %s priority 2147483646; }\n", hooks[i][0], hooks[i][1]);
    if (i == 1 || i == 2 || i == 4)
      fprintf(f, " chain b_%s { type filter hook %s priority -2147483648; }\n", hooks[i][0], hooks[i][1]);
  }
  for (int k = 0; k < 2 && n_help; k++) {
    fprintf(f, " chain h_%s { type filter hook %s priority -198;\n", k ? "out" : "pre", k ? "output" : "prerouting");
    for (int i = 0; i < n_help; i++) {
      helper_parts(o_help[i], protocol, &port, type);
      fprintf(f, "  ct state new %s dport %d ct helper set \"h%d\"\n", protocol, port, i);
    }
    fprintf(f, " }\n");
  }
  fprintf(f, "}\n");
  fclose(f);
  if (runv((const char *const[]){"nft", "-f", "-", NULL}, NULL, text, NULL))
    die("nft refused the oracle's own table:\n%s", text);
  free(text);
}

void kernel_rules_load(void) {
  if (o_helper)
    for (unsigned i = 0; i < sizeof usual_helpers / sizeof *usual_helpers; i++)
      if (n_help < 64) o_help[n_help++] = usual_helpers[i];
  load_own_table();
  if (o_pad) sysctl_must("net/netfilter/nf_conntrack_checksum", "0");
  if (!o_notrace) {
    sysctl_must("net/netfilter/nf_log/2", "nfnetlink_log");
    sysctl_must("net/netfilter/nf_log/10", "nfnetlink_log");
    sysctl_must("net/netfilter/nf_conntrack_log_invalid", "255");
  }
  if (o_vtime || o_events) sysctl_must("net/netfilter/nf_conntrack_events", "1");
  for (int i = 0; i < n_sysctl; i++) user_sysctl(o_sysctl[i]);
  for (int i = 0; i < n_nft; i++)
    if (RUN("nft", "-f", o_nft[i])) die("nft refused %s", o_nft[i]);
  if (o_ipset && runv((const char *const[]){"ipset", "restore", NULL}, o_ipset, NULL, NULL))
    die("ipset refused %s", o_ipset);
  if (o_rules && runv((const char *const[]){"iptables-legacy-restore", "-w", NULL}, o_rules, NULL, NULL))
    die("iptables-legacy-restore refused %s", o_rules);
  if (o_rules6 && runv((const char *const[]){"ip6tables-legacy-restore", "-w", NULL}, o_rules6, NULL, NULL))
    die("ip6tables-legacy-restore refused %s", o_rules6);
  if (o_rules) load_rule_texts(0);
  if (o_rules6) load_rule_texts(1);
}
