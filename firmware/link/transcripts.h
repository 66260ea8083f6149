/* transcripts.h: segments and transcripts on their way to the host: ids, frames, the outbox.
 *
 * A stretch of speech has one id, which its SEGMENT takes when it closes; a PARTIAL before that
 * speaks of the next id.
 * Owns: struct transcripts (the outbox and 48 bytes), its caller's. Costs: what the outbox costs.
 */
#ifndef EARSHOT_TRANSCRIPTS_H
#define EARSHOT_TRANSCRIPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "outbox.h"
#include "protocol.h"
#include "text.h"

#define TRANSCRIPTS_SLOTS 8

struct transcripts {
    struct outbox outbox;
    uint32_t boot;       /* HELLO's */
    uint32_t last_id;    /* of the SEGMENT that closed last */
    uint32_t partial_id; /* that `revision` counts */
    uint16_t revision;
    uint32_t transcripts;       /* FINALs with a text, since reset */
    uint32_t rejected;          /* FINALs without */
    struct outbox_lost told_of; /* by a LOG */
};

/* boot: HELLO's; an ACK that names another one is none of this board's. */
void transcripts_init(struct transcripts *transcripts, uint32_t boot);

/* Keeps a SEGMENT; its id is given, and returned. */
uint32_t transcripts_segment(struct transcripts *transcripts, const struct link_segment *segment);

/* Says what has been said so far of the speech whose SEGMENT comes next; id and revision are given.
 */
void transcripts_partial(struct transcripts *transcripts, const struct link_partial *partial);

/* Keeps a FINAL; its id is the one that transcripts_segment() gave. */
void transcripts_final(struct transcripts *transcripts, const struct link_final *final);

/* Puts a slot behind those that `final` has; false, and nothing is changed, if it does not fit, has
 * no name, or has a control character in it. */
bool transcripts_add_slot(struct link_final *final, const char *name, const char *value);

/* What the host says of them. */
void transcripts_acked(struct transcripts *transcripts, const struct link_ack *ack);
void transcripts_asked(struct transcripts *transcripts);

/* True if something is lost that no LOG has told of; then the text does. */
bool transcripts_lost(struct transcripts *transcripts, struct text *text);

#endif
