/*
 * A yardstick in C: reads a pcap file of Ethernet frames, decodes IPv4, verifies checksums and keeps a plain hash table of
 * 5-tuples with the ends of both sides' sequence space. No rules, no reasons, no timeouts, no other protocols.
 *
 *   reference FILE          packet after packet
 *   reference FILE 32       in batches: all are decoded and their slots prefetched, then all are tracked
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER (1 << 18)
#define BATCH_MAX 64
#define FILE_HEADER 24
#define RECORD_HEADER 16
#define ETHERNET 14
#define TCP 6
#define UDP 17

struct packet {
    uint32_t low, high, ports, protocol, hash, seq, ack, end, flags;
    uint16_t window;
    uint8_t from_high;
};

struct side {
    uint32_t end, max_end, max_window, max_ack;
};

struct connection {
    uint32_t low, high, ports, protocol, hash, opened_from_high, answered, packets;
    struct side sides[2];
};

struct counts {
    uint64_t packets, other, bad, fresh, known;
};

static struct connection *connections;
static uint32_t *slots; /* number of the connection + 1, 0 for none */
static uint32_t slot_mask, connection_count, connection_room;

static uint32_t be32(const uint8_t *at) { return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]; }
static uint32_t be16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }

/* RFC 1071, in the machine's byte order: 0xffff for data with its right checksum in place. */
static uint32_t sum(const uint8_t *at, uint32_t length, uint64_t total) {
    uint32_t word;
    uint16_t half;
    for (; length >= 4; at += 4, length -= 4) {
        memcpy(&word, at, 4);
        total += word;
    }
    if (length >= 2) {
        memcpy(&half, at, 2);
        total += half;
        at += 2;
        length -= 2;
    }
    if (length) total += *at;
    while (total >> 16) total = (total & 0xffff) + (total >> 16);
    return (uint32_t)total;
}

static uint32_t hash_of(const struct packet *p) {
    uint64_t mixed = ((uint64_t)p->low << 32 | p->high) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 29) ^ ((uint64_t)p->ports << 8 | p->protocol)) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(mixed >> 32);
}

/* 0 for a packet to track, 1 for one of another kind, 2 for a wrong checksum. */
static int decode(const uint8_t *frame, uint32_t captured, struct packet *p) {
    if (captured < ETHERNET + 20 || be16(frame + 12) != 0x0800) return 1;
    const uint8_t *ip = frame + ETHERNET;
    uint32_t header = (ip[0] & 15) * 4, total = be16(ip + 2);
    if (header < 20 || total < header + 8 || total > captured - ETHERNET || (be16(ip + 6) & 0x3fff)) return 1;
    if (sum(ip, header, 0) != 0xffff) return 2;
    const uint8_t *l4 = ip + header;
    uint32_t length = total - header, source = be32(ip + 12), destination = be32(ip + 16);
    uint32_t source_port = be16(l4), destination_port = be16(l4 + 2);
    p->protocol = ip[9];
    if (p->protocol == TCP) {
        uint32_t l4_header = (l4[12] >> 4) * 4;
        if (length < 20 || l4_header < 20 || l4_header > length) return 1;
        p->flags = l4[13];
        p->seq = be32(l4 + 4);
        p->ack = be32(l4 + 8);
        p->window = be16(l4 + 14);
        p->end = p->seq + length - l4_header + (p->flags & 1) + (p->flags >> 1 & 1);
    } else if (p->protocol != UDP) {
        source_port = destination_port = p->protocol == 1 ? be16(l4 + 4) : 0;
    }
    /* The pseudo header: both addresses, protocol and length. */
    uint64_t pseudo = 0;
    if (p->protocol != 1) pseudo = sum(ip + 12, 8, (uint64_t)((p->protocol << 8) + ((length & 0xff) << 8 | length >> 8)));
    if (!(p->protocol == UDP && l4[6] == 0 && l4[7] == 0) && sum(l4, length, pseudo) != 0xffff) return 2;
    p->from_high = source > destination || (source == destination && source_port > destination_port);
    p->low = p->from_high ? destination : source;
    p->high = p->from_high ? source : destination;
    p->ports = p->from_high ? destination_port << 16 | source_port : source_port << 16 | destination_port;
    p->hash = hash_of(p);
    return 0;
}

static void grow_slots(void) {
    uint32_t size = (slot_mask + 1) * 2;
    free(slots);
    slots = calloc(size, sizeof *slots);
    slot_mask = size - 1;
    for (uint32_t i = 0; i < connection_count; i++) {
        uint32_t slot = connections[i].hash & slot_mask;
        while (slots[slot]) slot = (slot + 1) & slot_mask;
        slots[slot] = i + 1;
    }
}

static struct connection *open_connection(const struct packet *p, uint32_t slot) {
    if (connection_count == connection_room) {
        connection_room *= 2;
        connections = realloc(connections, connection_room * sizeof *connections);
        if (!connections) abort();
    }
    struct connection *c = &connections[connection_count];
    memset(c, 0, sizeof *c);
    c->low = p->low;
    c->high = p->high;
    c->ports = p->ports;
    c->protocol = p->protocol;
    c->hash = p->hash;
    c->opened_from_high = p->from_high;
    slots[slot] = ++connection_count;
    if (connection_count * 2 > slot_mask) grow_slots();
    return &connections[connection_count - 1];
}

static void track(const struct packet *p, struct counts *counts) {
    uint32_t slot = p->hash & slot_mask;
    struct connection *c = NULL;
    for (; slots[slot]; slot = (slot + 1) & slot_mask) {
        struct connection *seen = &connections[slots[slot] - 1];
        if (seen->hash == p->hash && seen->low == p->low && seen->high == p->high && seen->ports == p->ports &&
            seen->protocol == p->protocol) {
            c = seen;
            break;
        }
    }
    if (!c) c = open_connection(p, slot);
    uint32_t reply = c->opened_from_high != p->from_high;
    c->packets++;
    c->answered |= reply;
    if (c->answered) counts->known++;
    else counts->fresh++;
    if (p->protocol != TCP) return;
    struct side *sender = &c->sides[reply], *receiver = &c->sides[!reply];
    if ((int32_t)(p->end - sender->end) > 0 || sender->max_window == 0) sender->end = p->end;
    if (p->window > sender->max_window) sender->max_window = p->window;
    if ((p->flags & 16) && (int32_t)(p->ack - sender->max_ack) > 0) sender->max_ack = p->ack;
    if ((int32_t)(p->ack + p->window - receiver->max_end) > 0) receiver->max_end = p->ack + p->window;
}

static void track_batch(const struct packet *batch, int count, struct counts *counts) {
    for (int i = 0; i < count; i++) __builtin_prefetch(&slots[batch[i].hash & slot_mask]);
    for (int i = 0; i < count; i++) {
        uint32_t number = slots[batch[i].hash & slot_mask];
        if (number) __builtin_prefetch(&connections[number - 1]);
    }
    for (int i = 0; i < count; i++) track(&batch[i], counts);
}

int main(int argc, char **argv) {
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int size = argc > 2 ? atoi(argv[2]) : 1, filled = 0;
    if (!file || size < 1 || size > BATCH_MAX) return fprintf(stderr, "usage: reference FILE [BATCH]\n"), 2;
    static uint8_t buffer[BUFFER];
    static struct packet batch[BATCH_MAX];
    struct counts counts = {0};
    slot_mask = (1 << 13) - 1;
    slots = calloc(slot_mask + 1, sizeof *slots);
    connection_room = 1 << 12;
    connections = malloc(connection_room * sizeof *connections);
    setvbuf(file, NULL, _IONBF, 0);
    size_t at = FILE_HEADER, held = fread(buffer, 1, BUFFER, file);
    for (;;) {
        uint32_t captured = 0;
        if (held - at >= RECORD_HEADER) memcpy(&captured, buffer + at + 8, 4);
        if (held - at < RECORD_HEADER || held - at - RECORD_HEADER < captured) {
            memmove(buffer, buffer + at, held - at);
            held -= at;
            at = 0;
            size_t more = fread(buffer + held, 1, BUFFER - held, file);
            if (more == 0) break;
            held += more;
            continue;
        }
        counts.packets++;
        int kind = decode(buffer + at + RECORD_HEADER, captured, &batch[filled]);
        at += RECORD_HEADER + captured;
        if (kind == 1) counts.other++;
        if (kind == 2) counts.bad++;
        if (kind == 0 && ++filled == size) {
            track_batch(batch, filled, &counts);
            filled = 0;
        }
    }
    track_batch(batch, filled, &counts);
    printf("packets %lu other %lu bad %lu new %lu established %lu connections %u\n", (unsigned long)counts.packets,
           (unsigned long)counts.other, (unsigned long)counts.bad, (unsigned long)counts.fresh,
           (unsigned long)counts.known, connection_count);
    return 0;
}
