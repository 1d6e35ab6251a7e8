/* The private namespace: lo, one or two TUN devices whose other end is this program, addresses, routes. Nothing can
 * leave it. */
#include "oracle.h"

#include <linux/ipv6_route.h>

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
    int inside = locals[i].behind;
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

/* A new link takes its time before IPv6 may send over it: packets vanish after OUTPUT until then. Sends empty packets
 * (next header 59) until one comes out; there is no conntrack yet to remember them. */
static void wait_for_ipv6(void) {
  u8 empty[40] = {0x60, 0, 0, 0, 0, 0, 59, 64}, out[2048];
  struct sockaddr_in6 to = {.sin6_family = AF_INET6};
  int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW), i = 0;
  while (i < nlocals && locals[i].fam != 6) i++;
  if (fd < 0 || i == nlocals) return;
  memcpy(empty + 8, locals[i].a, 16);
  memcpy(empty + 24, "\x20\x01\x0d\xb8\xff\xff\0\0\0\0\0\0\0\0\0\1", 16);
  memcpy(&to.sin6_addr, empty + 24, 16);
  for (int tries = 0; tries < 1000; tries++) {
    sendto(fd, empty, sizeof empty, 0, (void *)&to, sizeof to);
    for (ssize_t n; (n = read(fout, out, sizeof out)) > 0;)
      if (n == sizeof empty && out[0] >> 4 == 6 && out[6] == 59) {
        close(fd);
        return;
      }
    usleep(1000);
  }
  die("IPv6 does not become ready on %s", dout);
}

/* Whether the kernel has the route that makes the address its own: until then what comes in for it is not for this machine. */
static int is_own(const u8 *address) {
  char line[256], hex[40];
  int found = 0;
  FILE *f = fopen("/proc/net/ipv6_route", "r");
  for (int i = 0; i < 16; i++) sprintf(hex + 2 * i, "%02x", address[i]);
  strcat(hex, " 80 ");
  while (f && !found && fgets(line, sizeof line, f)) {
    unsigned long flags = 0;
    sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %lx", &flags);
    found = !strncmp(line, hex, 36) && (flags & RTF_LOCAL);
  }
  if (f) fclose(f);
  return found;
}

/* The kernel takes an IPv6 address in when it finds the time, after the command that names it. */
static void wait_for_addresses(void) {
  for (int i = 0; i < nlocals; i++)
    for (int tries = 0; locals[i].fam == 6 && !is_own(locals[i].a); tries++) {
      if (tries == 1000) die("%s does not become an address of this machine", locals[i].txt);
      usleep(1000);
    }
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
  wait_for_addresses();
  if (o_host) wait_for_ipv6();
}
