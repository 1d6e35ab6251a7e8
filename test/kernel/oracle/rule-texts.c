/* Texts of the loaded rules, to name the target of the rule that a trace record speaks of. */
#include "oracle.h"

static struct rule *rules[2];
static int nrules[2];
void load_rule_texts(int v6) {
  char *out = NULL;
  if (runv((const char *const[]){v6 ? "ip6tables-legacy-save" : "iptables-legacy-save", NULL}, NULL, NULL, &out))
    return;
  char table[32] = "";
  int cap = 0;
  for (char *l = strtok(out, "\n"); l; l = strtok(NULL, "\n")) {
    if (*l == '*') snprintf(table, sizeof table, "%.31s", l + 1);
    int pol = *l == ':';
    if (!pol && strncmp(l, "-A ", 3)) continue;
    if (nrules[v6] == cap) rules[v6] = realloc(rules[v6], (cap = cap ? cap * 2 : 64) * sizeof(struct rule));
    struct rule *r = &rules[v6][nrules[v6]];
    memset(r, 0, sizeof *r);
    snprintf(r->table, sizeof r->table, "%s", table);
    if (pol) {
      sscanf(l + 1, "%63s %63s", r->chain, r->target);
      r->num = -1;
      nrules[v6]++;
      continue;
    }
    sscanf(l + 3, "%63s", r->chain);
    r->text = strdup(l);
    r->num = 1;
    for (int i = 0; i < nrules[v6]; i++)
      if (!strcmp(rules[v6][i].table, table) && !strcmp(rules[v6][i].chain, r->chain) && rules[v6][i].num > 0) r->num++;
    char *j = NULL;
    for (char *p = l; (p = strstr(p, " -j ")) || 0; p += 4) j = p;
    if (!j)
      for (char *p = l; (p = strstr(p, " -g ")) || 0; p += 4) j = p;
    if (j) sscanf(j + 4, "%63s", r->target);
    nrules[v6]++;
  }
  free(out);
}
/* @param tr a trace record: "filter:FORWARD:rule:3". A rule without any condition that accepts, drops or returns is
 * recorded as "policy" (base chain) or "return" (user chain) with its own number, the real end of the chain with the
 * number after the last rule. */
struct rule *find_rule(int v6, const char *tr) {
  char t[32], c[64], kind[16];
  int n;
  struct rule *policy = NULL;
  if (sscanf(tr, "%31[^:]:%63[^:]:%15[^:]:%d", t, c, kind, &n) != 4) return NULL;
  for (int i = 0; i < nrules[v6]; i++) {
    struct rule *r = &rules[v6][i];
    if (strcmp(r->chain, c) || strcmp(r->table, t)) continue;
    if (r->num == n) return r;
    if (r->num == -1) policy = r;
  }
  return strcmp(kind, "policy") ? NULL : policy;
}
