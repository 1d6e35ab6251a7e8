/* After the last chain that a rule can stand in run the helpers, and the confirmation that refuses a connection whose answers
 * would belong to another. What they drop at INPUT does not come to the sockets: raw sockets get a copy of all that does. */
#include "oracle.h"

#include <poll.h>

#define UNOPENED (-2)
#define DELIVERY_WAIT_MS 50
static int sockets[2][256];
static int watching;

static int rules_may_refuse(const char *file) {
  static char text[1 << 16];
  int found = 0;
  FILE *f = file ? fopen(file, "r") : NULL;
  while (f && !found && fgets(text, sizeof text, f))
    found = strstr(text, "--helper") || strstr(text, "--zone") || !strncmp(text, "*nat", 4);
  if (f) fclose(f);
  return found;
}

void delivery_open(void) {
  watching = n_help || rules_may_refuse(o_rules) || rules_may_refuse(o_rules6);
  for (int i = 0; i < 512; i++) sockets[i >> 8][i & 255] = UNOPENED;
}

static int protocol_of(const struct packet *p) {
  return p->v6 ? p->bytes[6] : p->bytes[9];
}

/* -1 where a raw socket would not get all: extension headers are not what it is asked for, ICMPv6 is looked at before, and so
 * is ICMP that is cut short */
static int socket_of(const struct packet *p) {
  if (!p->v6 && p->bytes[9] == IPPROTO_ICMP && p->len < p->hl + 8) return -1;
  int proto = protocol_of(p), *fd = &sockets[p->v6][proto];
  int known = proto != 0 && proto != 255 && !(p->v6 && (proto == 43 || proto == 44 || proto == 51 || proto == 58 || proto == 60 || proto == 135));
  if (*fd == UNOPENED) *fd = known ? socket(p->v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK, proto) : -1;
  return *fd;
}

static int received(int fd) {
  u8 byte;
  int n = 0;
  while (recv(fd, &byte, 1, 0) >= 0) n++;
  return n;
}

void delivery_expect(const struct packet *p) {
  if (watching && socket_of(p) >= 0) received(socket_of(p));
}

/* On a busy machine the last hook may be heard of before the packet has reached the socket. */
void delivery_note(const struct packet *p) {
  if (!watching || !R.v_in || socket_of(p) < 0) return;
  struct pollfd wait = {.fd = socket_of(p), .events = POLLIN};
  poll(&wait, 1, DELIVERY_WAIT_MS);
  R.lost = !received(wait.fd);
}
