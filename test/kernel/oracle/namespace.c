/* The private namespace: lo, one or two TUN devices whose other end is this program, addresses, routes. Nothing can
 * leave it. */
#include "oracle.h"

const char *din, *dout;
int fin, fout;

static void settings(void) {
  /* conf/default applies to devices made later, so set it first */
  sysctl_must("net/ipv6/conf/default/accept_dad", "0");
  sysctl_must("net/ipv6/conf/default/addr_gen_mode", "1");
  sysctl_must("net/ipv6/conf/default/accept_ra", "0");
  sysctl_must("net/ipv4/ip_forward", o_host ? "0" : "1");
  sysctl_must("net/ipv6/conf/all/forwarding", o_host ? "0" : "1");
  static const char *const which[] = {"all", "default"};
  for (int i = 0; i < 2; i++) {
    char key[128];
    snprintf(key, sizeof key, "net/ipv4/conf/%s/rp_filter", which[i]);
    sysctl_must(key, "0");
    snprintf(key, sizeof key, "net/ipv4/conf/%s/send_redirects", which[i]);
    sysctl_must(key, "0");
    snprintf(key, sizeof key, "net/ipv4/conf/%s/accept_local", which[i]);
    sysctl_must(key, "1");
  }
  sysctl_must("net/ipv4/igmp_max_memberships", "10000");
}

static void addresses_and_routes(void) {
  for (int i = 0; i < nlocals; i++) {
    int inside = 0;
    for (int j = 0; j < ninsides; j++)
      if (in_net(&insides[j], locals[i].fam, locals[i].a, 0)) inside = 1;
    if (locals[i].fam == 4 && locals[i].a[0] == 127) continue;
    const char *device = inside ? din : dout;
    if (locals[i].fam == 4)
      MUST("ip", "addr", "add", locals[i].txt, "dev", device, "brd", "+");
    else
      MUST("ip", "-6", "addr", "add", locals[i].txt, "dev", device, "nodad");
  }
  for (int i = 0; i < ninsides && !o_host; i++) {
    if (insides[i].fam == 4)
      MUST("ip", "route", "replace", insides[i].txt, "dev", din);
    else
      MUST("ip", "-6", "route", "replace", insides[i].txt, "dev", din);
  }
  MUST("ip", "route", "replace", "default", "dev", dout);
  MUST("ip", "-6", "route", "replace", "default", "dev", dout);
}

void namespace_enter(void) {
  if (unshare(CLONE_NEWNET)) die("unshare(CLONE_NEWNET): %s (root needed)", strerror(errno));
  if (o_host) {
    din = dout = o_in ? o_in : "eth0";
  } else {
    din = o_in ? o_in : ninsides ? "eth1" : "tin";
    dout = o_out ? o_out : ninsides ? "eth0" : "tout";
  }
  int same = !strcmp(din, dout);
  settings();
  fin = mktun(din);
  fout = same ? fin : mktun(dout);
  MUST("ip", "link", "set", "lo", "up");
  MUST("ip", "link", "set", din, "mtu", "65535", "txqueuelen", "1000", "up");
  if (!same) MUST("ip", "link", "set", dout, "mtu", "65535", "txqueuelen", "1000", "up");
  addresses_and_routes();
}
