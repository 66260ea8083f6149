/* outbox.h: segments that the host has not acknowledged yet.
 *
 * Ids count from 1 since reset. One segment at most is due a chunk, the oldest first, so that a
 * backlog never fills the link. A full outbox gives up its oldest segment and counts it.
 *
 * Owns: struct outbox (656 bytes), its caller's. Costs: a scan of OUTBOX_SEGMENTS a chunk.
 */
#ifndef EARSHOT_OUTBOX_H
#define EARSHOT_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

#define OUTBOX_SEGMENTS 16

struct outbox_entry {
    struct link_segment segment;
    uint32_t due_in; /* chunks */
};

/* All zero is an empty outbox. */
struct outbox {
    struct outbox_entry entry[OUTBOX_SEGMENTS]; /* oldest first */
    uint32_t count;
    uint32_t last_id;
    uint32_t lost; /* given up since reset */
};

/* Gives the segment its id and keeps it, due now. Returns the id of the segment that had to go for
 * it, or 0. */
uint32_t outbox_put(struct outbox *outbox, const struct link_segment *segment);

/* Forgets the segment; false if there is none of that id. */
bool outbox_ack(struct outbox *outbox, uint32_t id);

/* A chunk has passed. */
void outbox_tick(struct outbox *outbox);

/* The oldest segment that is due, or NULL; it is due again in LINK_RESEND_CHUNKS. */
const struct link_segment *outbox_due(struct outbox *outbox);

#endif
