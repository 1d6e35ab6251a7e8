/* Puts a packet into the kernel: as sent by this machine, or as received. */
#include "oracle.h"

static int raw4 = -1, raw6 = -1;

static void join4(int fd, const u8 *group) {
  static u32 joined[256];
  static int count;
  u32 g;
  memcpy(&g, group, 4);
  for (int k = 0; k < count; k++)
    if (joined[k] == g) return;
  if (count == 256) return;
  joined[count++] = g;
  struct ip_mreqn r = {.imr_multiaddr.s_addr = g, .imr_ifindex = if_nametoindex(dout)};
  setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &r, sizeof r);
}

static void join6(int fd, const u8 *group) {
  static u8 joined[64][16];
  static int count;
  for (int k = 0; k < count; k++)
    if (!memcmp(joined[k], group, 16)) return;
  if (count == 64) return;
  memcpy(joined[count++], group, 16);
  struct ipv6_mreq r = {.ipv6mr_interface = if_nametoindex(dout)};
  memcpy(&r.ipv6mr_multiaddr, group, 16);
  setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof r);
}

/* joins the multicast groups of the capture, so that they reach INPUT; the sockets live as long as we do */
static void join_groups(const struct cap *capture) {
  struct cap c = *capture;
  const u8 *d;
  u32 cl, wl;
  double ts;
  int lt, dh, fd4 = socket(AF_INET, SOCK_DGRAM, 0), fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
  while (cap_next(&c, &d, &cl, &wl, &ts, &lt)) {
    int o = link_off(d, cl, lt, &dh);
    if (o < 0) continue;
    if (cl >= (u32)o + 20 && d[o] >> 4 == 4 && d[o + 16] >= 224 && d[o + 16] < 240) join4(fd4, d + o + 16);
    if (cl >= (u32)o + 40 && d[o] >> 4 == 6 && d[o + 24] == 0xff) join6(fd6, d + o + 24);
  }
}

void inject_open(const struct cap *capture) {
  int one = 1, zero = 0, size = 4 << 20;
  u32 mark = MAGIC;
  raw4 = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  raw6 = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
  if (raw4 < 0 || raw6 < 0) die("raw socket: %s", strerror(errno));
  setsockopt(raw4, SOL_IP, IP_HDRINCL, &one, 4);
  setsockopt(raw4, SOL_SOCKET, SO_BROADCAST, &one, 4);
  setsockopt(raw4, SOL_SOCKET, SO_SNDBUFFORCE, &size, 4);
  setsockopt(raw6, SOL_SOCKET, SO_SNDBUFFORCE, &size, 4);
  /* what is sent to a group shall leave, and not come back as received */
  setsockopt(raw4, SOL_IP, IP_MULTICAST_LOOP, &zero, 4);
  setsockopt(raw6, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &zero, 4);
  if (setsockopt(raw4, SOL_SOCKET, SO_MARK, &mark, 4) || setsockopt(raw6, SOL_SOCKET, SO_MARK, &mark, 4))
    die("SO_MARK");
  if (nlocals) join_groups(capture);
}

/* what this machine sends: through a raw socket, so that it takes OUTPUT */
static int send_local(struct packet *p) {
  ssize_t r;
  if (!p->v6) {
    if (!p->bytes[4] && !p->bytes[5]) packet_note(p, "ip id 0: kernel may fill it");
    struct sockaddr_in to = {.sin_family = AF_INET};
    memcpy(&to.sin_addr, p->dst, 4);
    r = sendto(raw4, p->bytes, p->len, 0, (void *)&to, sizeof to);
  } else {
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    memcpy(&to.sin6_addr, p->dst, 16);
    if ((p->dst[0] == 0xfe && (p->dst[1] & 0xc0) == 0x80) || p->dst[0] == 0xff) to.sin6_scope_id = if_nametoindex(dout);
    r = sendto(raw6, p->bytes, p->len, 0, (void *)&to, sizeof to);
  }
  return r < 0 && errno != EPERM && errno != ENOBUFS ? errno : 0; /* EPERM: dropped in OUTPUT */
}

/* what this machine receives: through the device that its source is behind */
static int send_received(const struct packet *p) {
  int fd = fin;
  if (ninsides && !o_host) {
    fd = fout;
    for (int i = 0; i < ninsides; i++)
      if (in_net(&insides[i], p->v6 ? 6 : 4, p->src, 0)) fd = fin;
  }
  return write(fd, p->bytes, p->len) < 0 ? errno : 0;
}

/* NAT may lead back to this machine what it sends elsewhere: then nothing comes out */
static int comes_back(const struct packet *p) {
  struct pollfd out = {fout, POLLIN, 0};
  return p->local_dst || poll(&out, 1, 0) == 0;
}

int inject(struct packet *p) {
  R.local = p->local_src;
  int failed = p->local_src ? send_local(p) : send_received(p);
  drain();
  /* over the loopback device the packet comes back a moment later; what drops it there does so at once */
  int patience = p->local_dst ? 100 : 20;
  for (int k = 0; k < patience && p->local_src && !R.v_in && R.v_post && comes_back(p); k++) {
    struct pollfd wait = {nl, POLLIN, 0};
    if (poll(&wait, 1, 1) > 0)
      drain();
    else if (R.t_pre)
      break;
  }
  return failed;
}
