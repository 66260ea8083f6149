/* outbox.h: what the board has to say of speech, until the host has it.
 *
 * SEGMENT and FINAL stay until their ACK. A PARTIAL goes out once; a newer one of the same id, or
 * the FINAL of that id, takes its place before that. One frame at most leaves a chunk, the oldest
 * first, so that a backlog never fills the link; new frames and repeated ones take turns.
 *
 * Pace: a frame without an ACK is due again after LINK_RESEND_CHUNKS. When LINK_RESEND_AHEAD_FRAMES
 * repetitions have gone out and nothing was heard of a host, only one frame is repeated at a time,
 * after LINK_RESEND_CHUNKS, then after twice as long, up to LINK_RESEND_MOST_CHUNKS. Whatever is
 * heard of it ends that.
 *
 * Full: PARTIALs go first, then SEGMENTs, then FINALs, the oldest of them first, and none for the
 * sake of one that is worth less than itself; all are counted.
 *
 * Owns: struct outbox (8.1 KiB), its caller's. Costs: a scan of its entries a chunk; to take one
 * out, the bytes after it are moved.
 */
#ifndef EARSHOT_OUTBOX_H
#define EARSHOT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

#define OUTBOX_ENTRIES 128
#define OUTBOX_BYTES 6656

struct outbox_entry {
    uint32_t id;
    uint16_t count; /* bytes of its payload */
    uint16_t age;   /* chunks since it was sent; it stops at LINK_RESEND_CHUNKS, where it is due */
    uint8_t type;   /* LINK_SEGMENT, LINK_PARTIAL or LINK_FINAL */
    bool sent;
};

/* Given up since reset. */
struct outbox_lost {
    uint32_t segments;
    uint32_t finals;
    uint32_t partials;
    uint32_t segment; /* id of the last one lost */
    uint32_t final;
};

/* All zero is an empty outbox. */
struct outbox {
    struct outbox_entry entry[OUTBOX_ENTRIES]; /* oldest first */
    uint8_t bytes[OUTBOX_BYTES];               /* their payloads, in that order, without gaps */
    uint32_t count;
    uint32_t used; /* bytes */
    struct outbox_lost lost;
    uint32_t unheard;      /* repetitions since a host was heard; it stops at the slowest pace */
    uint32_t since_repeat; /* chunks; it stops at LINK_RESEND_MOST_CHUNKS */
    bool repeated_last;    /* the frame sent last was a repetition */
};

/* Keeps a payload, or loses it if there is only room in place of something worth more. */
void outbox_put(struct outbox *outbox, enum link_frame type, uint32_t id, const uint8_t *payload,
                size_t count);

/* Forgets the SEGMENT or FINAL; false if it is not there. */
bool outbox_ack(struct outbox *outbox, enum link_frame type, uint32_t id);

/* A host is there. */
void outbox_heard(struct outbox *outbox);

/* Everything that has been sent is due now: a host has come. */
void outbox_want_all(struct outbox *outbox);

/* What was sent LINK_RESEND_DAMAGED_CHUNKS ago and before is due now: a frame came damaged. */
void outbox_want_damaged(struct outbox *outbox);

/* A chunk has passed. */
void outbox_tick(struct outbox *outbox);

/* Copies the frame to send in this chunk into payload; false if there is none. */
bool outbox_take(struct outbox *outbox, uint8_t *type, uint8_t payload[LINK_PAYLOAD_MAX],
                 size_t *count);

#endif
