/* The two netlink sockets: one that listens, one that asks. */
#include "oracle.h"

int nl = -1;
static int nlq = -1;
static u32 nlseq;
u32 nlqpid;
u64 nl_overruns;

#define VLEN 32
static u8 nlbuf[VLEN][8192];
static struct mmsghdr mm[VLEN];
static struct iovec iov[VLEN];
void drain(void) {
  for (;;) {
    for (int i = 0; i < VLEN; i++) {
      iov[i].iov_base = nlbuf[i];
      iov[i].iov_len = sizeof nlbuf[i];
      memset(&mm[i].msg_hdr, 0, sizeof mm[i].msg_hdr);
      mm[i].msg_hdr.msg_iov = &iov[i];
      mm[i].msg_hdr.msg_iovlen = 1;
    }
    int n = recvmmsg(nl, mm, VLEN, MSG_DONTWAIT, NULL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == ENOBUFS) {
        nl_overruns++;
        continue;
      }
      if (errno == EAGAIN) return;
      die("netlink: %s", strerror(errno));
    }
    for (int i = 0; i < n; i++) {
      int len = mm[i].msg_len;
      for (struct nlmsghdr *h = (void *)nlbuf[i]; NLMSG_OK(h, (u32)len); h = NLMSG_NEXT(h, len)) {
        if (h->nlmsg_type < 16) continue;
        int ss = NFNL_SUBSYS_ID(h->nlmsg_type), ty = NFNL_MSG_TYPE(h->nlmsg_type);
        if (ss == NFNL_SUBSYS_NFTABLES && ty == NFT_MSG_TRACE)
          on_trace((u8 *)NLMSG_DATA(h) + sizeof(struct nfgenmsg), h->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)));
        else if (ss == NFNL_SUBSYS_ULOG && ty == NFULNL_MSG_PACKET)
          on_log(h);
        else if (ss == NFNL_SUBSYS_CTNETLINK && (ty == IPCTNL_MSG_CT_NEW || ty == IPCTNL_MSG_CT_DELETE))
          on_event(h, 0);
        else if (ss == NFNL_SUBSYS_CTNETLINK_EXP)
          on_event(h, 1);
      }
    }
    if (n < VLEN) return;
  }
}
/* small request builder on the query socket */
static u8 qb[1024];
static int ql;
void q_begin(int type, int flags, int fam, int res) {
  memset(qb, 0, sizeof qb);
  struct nlmsghdr *h = (void *)qb;
  struct nfgenmsg *g = NLMSG_DATA(h);
  h->nlmsg_type = type;
  h->nlmsg_flags = NLM_F_REQUEST | flags;
  h->nlmsg_seq = ++nlseq;
  g->nfgen_family = fam;
  g->res_id = htons(res);
  ql = NLMSG_LENGTH(sizeof *g);
}

void q_attr(int t, const void *d, int l) {
  u16 x = l + 4, y = t;
  memcpy(qb + ql, &x, 2);
  memcpy(qb + ql + 2, &y, 2);
  memcpy(qb + ql + 4, d, l);
  ql += (l + 4 + 3) & ~3;
}

static int send_on(int fd, struct at *ans, int max) {
  static u8 rb[8192];
  ((struct nlmsghdr *)qb)->nlmsg_len = ql;
  struct sockaddr_nl sa = {.nl_family = AF_NETLINK};
  if (sendto(fd, qb, ql, 0, (void *)&sa, sizeof sa) < 0) return -errno;
  int got = 0;
  for (;;) {
    ssize_t n = recv(fd, rb, sizeof rb, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    int len = n;
    for (struct nlmsghdr *h = (void *)rb; NLMSG_OK(h, (u32)len); h = NLMSG_NEXT(h, len)) {
      if (h->nlmsg_seq != nlseq) continue;
      if (h->nlmsg_type == NLMSG_ERROR) return *(int *)NLMSG_DATA(h);
      if (ans && !got) {
        attrs((u8 *)NLMSG_DATA(h) + 4, h->nlmsg_len - NLMSG_LENGTH(4), ans, max);
        got = 1;
        if (!(((struct nlmsghdr *)qb)->nlmsg_flags & NLM_F_ACK)) return 0;
      }
    }
  }
}

static void nflog_cfg(int group, int copy, int range) {
  struct nfulnl_msg_config_cmd c = {.command = NFULNL_CFG_CMD_BIND};
  int r;
  q_begin(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, 0, group);
  q_attr(NFULA_CFG_CMD, &c, sizeof c);
  struct nfulnl_msg_config_mode m = {.copy_mode = copy, .copy_range = htonl(range)};
  q_attr(NFULA_CFG_MODE, &m, sizeof m);
  u32 one = htonl(1);
  q_attr(NFULA_CFG_QTHRESH, &one, 4);
  u32 sz = htonl(65536);
  q_attr(NFULA_CFG_NLBUFSIZ, &sz, 4);
  if ((r = send_on(nl, NULL, 0)) < 0) die("NFLOG group %d: %s", group, strerror(-r));
}

void nl_open(void) {
  nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (nl < 0) die("netlink");
  int sz = 128 << 20;
  setsockopt(nl, SOL_SOCKET, SO_RCVBUFFORCE, &sz, sizeof sz);
  struct sockaddr_nl sa = {.nl_family = AF_NETLINK};
  if (bind(nl, (void *)&sa, sizeof sa)) die("netlink bind");
  nflog_cfg(0, NFULNL_COPY_META, 0);
  nflog_cfg(NFGROUP, NFULNL_COPY_PACKET, 128);
  int gs[8], n = 0;
  gs[n++] = NFNLGRP_NFTRACE;
  if (o_events || o_vtime)
    for (int g = NFNLGRP_CONNTRACK_NEW; g <= NFNLGRP_CONNTRACK_EXP_DESTROY; g++) gs[n++] = g;
  for (int i = 0; i < n; i++)
    if (setsockopt(nl, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &gs[i], 4))
      die("netlink group %d: %s", gs[i], strerror(errno));
  nlq = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (nlq < 0 || bind(nlq, (void *)&sa, sizeof sa)) die("netlink 2");
  socklen_t sl = sizeof sa;
  if (getsockname(nlq, (void *)&sa, &sl)) die("getsockname");
  nlqpid = sa.nl_pid;
}

int q_send(struct at *ans, int max) {
  return send_on(nlq, ans, max);
}

int q_dump(void (*each)(const struct nlmsghdr *, void *), void *context) {
  static u8 rb[65536];
  ((struct nlmsghdr *)qb)->nlmsg_len = ql;
  struct sockaddr_nl sa = {.nl_family = AF_NETLINK};
  if (sendto(nlq, qb, ql, 0, (void *)&sa, sizeof sa) < 0) return -errno;
  for (;;) {
    ssize_t n = recv(nlq, rb, sizeof rb, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    int len = n;
    for (struct nlmsghdr *h = (void *)rb; NLMSG_OK(h, (u32)len); h = NLMSG_NEXT(h, len)) {
      if (h->nlmsg_seq != nlseq) continue;
      if (h->nlmsg_type == NLMSG_DONE) return 0;
      if (h->nlmsg_type == NLMSG_ERROR) return *(int *)NLMSG_DATA(h);
      each(h, context);
    }
  }
}
