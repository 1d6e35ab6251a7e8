/* One frame of the capture, made ready for the kernel. */
#include "oracle.h"

void packet_note(struct packet *p, const char *s) {
  size_t used = strlen(p->note);
  snprintf(p->note + used, sizeof p->note - used, "%s%s", used ? "; " : "", s);
}

/* copies the packet out of the frame: cut to its IP length, or padded up to it */
static void copy(struct packet *p, const u8 *ip, int have, int shorter_than_wire) {
  int len = p->v6 ? 40 + be16(ip + 4) : be16(ip + 2), least = p->v6 ? 40 : 20;
  if (len == 0 && !p->v6 && have > 20) {
    p->len = have > 65535 ? 65535 : have;
    packet_note(p, "total length 0 (segmentation offload) taken from the capture");
    memcpy(p->bytes, ip, p->len);
    p->bytes[2] = p->len >> 8;
    p->bytes[3] = p->len;
    fix_header_sum(p->bytes, (p->bytes[0] & 15) * 4);
    return;
  }
  if (len > have) p->cut = shorter_than_wire ? 1 : 2;
  int held = have < 65575 ? have : 65575;
  if (len < held && len >= least) held = len;
  memcpy(p->bytes, ip, held);
  p->len = held;
  if (p->cut == 1 && o_pad) {
    memset(p->bytes + held, 0, len - held);
    packet_note(p, "padded");
    p->len = len;
  }
}

static void apply_fixes(struct packet *p, int proto) {
  u8 *ttl = p->bytes + (p->v6 ? 7 : 8);
  if (o_fixttl && *ttl <= 1) {
    *ttl = 64;
    if (!p->v6) fix_header_sum(p->bytes, p->hl);
    packet_note(p, "ttl raised");
  }
  if (o_fix && p->hl <= p->len) {
    if (!p->v6 && p->hl >= 20) fix_header_sum(p->bytes, p->hl);
    if (!p->frag) fix_l4(p->bytes, p->len, p->hl, proto, p->v6);
  }
}

int packet_from_frame(struct packet *p, u64 n, const u8 *d, u32 cl, u32 wl, int lt) {
  int dirhint, o = link_off(d, cl, lt, &dirhint), proto;
  p->note[0] = 0;
  p->cut = p->frag = 0;
  if (o == -2) return emit_simple(n, "NOT_IP", NULL, "link type not supported"), 0;
  if (o < 0 || cl < (u32)o + 20) return emit_simple(n, "NOT_IP", NULL, NULL), 0;
  const u8 *ip = d + o;
  p->v6 = ip[0] >> 4 == 6;
  if (ip[0] >> 4 != 4 && !p->v6) return emit_simple(n, "NOT_IP", NULL, NULL), 0;
  if (p->v6 && cl - o < 40) return emit_simple(n, "NOT_IP", NULL, "truncated IPv6 header"), 0;
  copy(p, ip, (int)(cl - (u32)o), wl > cl);
  if (p->len > 65535) return emit_simple(n, "UNINJECTABLE", NULL, "longer than 65535"), 0;
  if (p->v6) {
    p->hl = v6_l4(p->bytes, p->len, &proto, &p->frag);
  } else {
    p->hl = (p->bytes[0] & 15) * 4;
    proto = p->bytes[9];
    p->frag = (be16(p->bytes + 6) & 0x3fff) != 0;
  }
  apply_fixes(p, proto);
  p->src = p->bytes + (p->v6 ? 8 : 12);
  p->dst = p->bytes + (p->v6 ? 24 : 16);
  int fam = p->v6 ? 6 : 4, addressed = o_host || nlocals;
  p->local_src = addressed && is_local(fam, p->src);
  p->local_dst = addressed && is_local(fam, p->dst);
  if (o_host && dirhint == 1 && !p->local_src && !p->v6 && !be32(p->src))
    return emit_simple(n, "UNINJECTABLE", NULL,
                       "source 0.0.0.0 cannot be sent through a raw socket (DHCP clients bypass netfilter anyway)"),
           0;
  if (o_host && !p->local_src && !p->local_dst && !is_bcast(fam, p->dst))
    return emit_simple(n, "OTHERHOST", "not-seen", "neither address is local"), 0;
  int still_cut = p->cut && !(p->cut == 1 && o_pad);
  if (still_cut && p->local_src) return emit_simple(n, "TRUNCATED", NULL, "local source and truncated; use --pad"), 0;
  if (still_cut && p->cut == 1) packet_note(p, "truncated; use --pad");
  return 1;
}

/* says why the IP layer refused the packet, as far as can be seen from here; what is no queued fragment is then not
 * called one */
void packet_note_refusal(struct packet *p) {
  u8 header[60];
  if (p->v6) {
    if (40 + be16(p->bytes + 4) > p->len) p->frag = 0;
  } else {
    int total = be16(p->bytes + 2), whole = p->hl >= 20 && p->hl <= p->len;
    if (whole) memcpy(header, p->bytes, p->hl);
    if (!whole || total < p->hl) {
      p->frag = 0;
      packet_note(p, "IP header malformed");
    } else if (total > p->len) {
      p->frag = 0;
      if (p->cut != 1) packet_note(p, "shorter than its IP total length");
    } else if (csum_fold(csum_add(0, header, p->hl))) {
      p->frag = 0;
      packet_note(p, "bad IP header checksum (offloaded? --fix-checksums)");
    }
  }
  if (!p->frag && !p->note[0]) packet_note(p, "dropped by the IP layer before any netfilter hook");
}
