/* Sysctls, helper programs, TUN devices. */
#include "oracle.h"

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "kernel-oracle: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(2);
}

static int wfile(const char *path, const char *val) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  ssize_t r = write(fd, val, strlen(val));
  int e = errno;
  close(fd);
  errno = e;
  return r < 0 ? -1 : 0;
}

void sysctl_must(const char *key, const char *val) {
  char p[512];
  snprintf(p, sizeof p, "/proc/sys/%s", key);
  if (wfile(p, val) < 0) die("sysctl %s=%s: %s", key, val, strerror(errno));
}

void user_sysctl(const char *kv) {
  char k[512];
  snprintf(k, sizeof k, "%s", kv);
  char *eq = strchr(k, '=');
  if (!eq) die("--sysctl needs key=value: %s", kv);
  *eq = 0;
  char *v = eq + 1;
  char full[600];
  if (!strncmp(k, "nf_", 3))
    snprintf(full, sizeof full, "net/netfilter/%s", k);
  else
    snprintf(full, sizeof full, "%s", k);
  if (!strchr(k, '/'))
    for (char *p = full; *p; p++)
      if (*p == '.') *p = '/';
  if (strncmp(full, "net/", 4)) die("--sysctl: only net.* keys are allowed: %s", kv);
  char path[700];
  snprintf(path, sizeof path, "/proc/sys/%s", full);
  struct stat st;
  if (stat(path, &st) < 0) die("--sysctl %s: no such key in a namespace", full);
  if (wfile(path, v) < 0)
    die("--sysctl %s=%s: %s (some keys belong to the whole machine only)", full, v, strerror(errno));
}
/* run argv with stdin from file or string; stdout to *out when given */
int runv(const char *const *argv, const char *infile, const char *intext, char **out) {
  int pi[2] = {-1, -1}, po[2] = {-1, -1};
  if (intext && pipe(pi)) die("pipe");
  if (out && pipe(po)) die("pipe");
  fflush(stdout);
  pid_t c = fork();
  if (c < 0) die("fork");
  if (!c) {
    if (infile) {
      int fd = open(infile, O_RDONLY);
      if (fd < 0) {
        fprintf(stderr, "%s: %s\n", infile, strerror(errno));
        _exit(126);
      }
      dup2(fd, 0);
    } else if (intext) {
      dup2(pi[0], 0);
      close(pi[1]);
    } else {
      int fd = open("/dev/null", O_RDONLY);
      dup2(fd, 0);
    }
    if (out) {
      dup2(po[1], 1);
      close(po[0]);
    } else
      dup2(2, 1);
    execvp(argv[0], (char *const *)argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
  }
  if (intext) {
    close(pi[0]);
    size_t n = strlen(intext);
    if (write(pi[1], intext, n) != (ssize_t)n) die("write to %s", argv[0]);
    close(pi[1]);
  }
  if (out) {
    close(po[1]);
    size_t cap = 65536, n = 0;
    char *b = malloc(cap);
    ssize_t r;
    while ((r = read(po[0], b + n, cap - n - 1)) > 0) {
      n += r;
      if (cap - n < 4096) b = realloc(b, cap *= 2);
    }
    b[n] = 0;
    *out = b;
    close(po[0]);
  }
  int st;
  waitpid(c, &st, 0);
  return WIFEXITED(st) ? WEXITSTATUS(st) : 128;
}

int mktun(const char *name) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (fd < 0) die("/dev/net/tun: %s", strerror(errno));
  struct ifreq r;
  memset(&r, 0, sizeof r);
  r.ifr_flags = IFF_TUN | IFF_NO_PI;
  snprintf(r.ifr_name, IFNAMSIZ, "%s", name);
  if (ioctl(fd, TUNSETIFF, &r) < 0) die("TUNSETIFF %s: %s", name, strerror(errno));
  return fd;
}
