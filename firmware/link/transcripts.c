#include "transcripts.h"

#include <string.h>

#include "wire.h"

_Static_assert(sizeof(struct transcripts) <= sizeof(struct outbox) + 48, "as transcripts.h says");

void transcripts_init(struct transcripts *transcripts, uint32_t boot) {
    memset(transcripts, 0, sizeof *transcripts);
    transcripts->boot = boot;
}

uint32_t transcripts_segment(struct transcripts *transcripts, const struct link_segment *segment) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_segment kept = *segment;

    kept.id = ++transcripts->last_id;
    outbox_put(&transcripts->outbox, LINK_SEGMENT, kept.id, payload,
               link_segment_pack(&kept, payload, sizeof payload));
    return kept.id;
}

void transcripts_partial(struct transcripts *transcripts, const struct link_partial *partial) {
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct link_partial told = *partial;

    told.id = transcripts->last_id + 1;
    if (told.id != transcripts->partial_id) {
        transcripts->partial_id = told.id;
        transcripts->revision = 0;
    }
    told.revision = ++transcripts->revision;
    outbox_put(&transcripts->outbox, LINK_PARTIAL, told.id, payload,
               link_partial_pack(&told, payload, sizeof payload));
}

void transcripts_final(struct transcripts *transcripts, const struct link_final *final) {
    uint8_t payload[LINK_PAYLOAD_MAX];

    if (final->text_length > 0) {
        transcripts->transcripts++;
    } else {
        transcripts->rejected++;
    }
    outbox_put(&transcripts->outbox, LINK_FINAL, final->id, payload,
               link_final_pack(final, payload, sizeof payload));
}

/* The text's bytes, or more than any field has if a control character is in it. */
static size_t plain_bytes(const char *text) {
    size_t count = 0;

    while (text[count] != '\0') {
        if ((unsigned char)text[count++] < ' ') {
            return SIZE_MAX;
        }
    }
    return count;
}

static uint32_t slots_of(const struct link_final *final) {
    uint32_t slots = 0;

    for (uint32_t i = 0; i < final->slots_length; i++) {
        slots += final->slots[i] == WIRE_NAME_ENDS;
    }
    return slots;
}

bool transcripts_add_slot(struct link_final *final, const char *name, const char *value) {
    const size_t name_bytes = plain_bytes(name), value_bytes = plain_bytes(value);
    const size_t marks = final->slots_length > 0 ? 2 : 1;
    const size_t room = (size_t)LINK_FINAL_SLOTS_MAX - final->slots_length;

    if (name_bytes == 0 || name_bytes > room || value_bytes > room - name_bytes ||
        marks > room - name_bytes - value_bytes || slots_of(final) == TRANSCRIPTS_SLOTS) {
        return false;
    }
    char *to = &final->slots[final->slots_length];
    if (marks == 2) {
        *to++ = WIRE_PAIR_ENDS;
    }
    memcpy(to, name, name_bytes);
    to[name_bytes] = WIRE_NAME_ENDS;
    memcpy(&to[name_bytes + 1], value, value_bytes);
    final->slots_length = (uint8_t)(final->slots_length + marks + name_bytes + value_bytes);
    return true;
}

void transcripts_acked(struct transcripts *transcripts, const struct link_ack *ack) {
    if (ack->kept == LINK_KEPT_NOTHING) {
        outbox_want_damaged(&transcripts->outbox);
    } else if (ack->boot == transcripts->boot) {
        outbox_ack(&transcripts->outbox, ack->kept == LINK_KEPT_SEGMENT ? LINK_SEGMENT : LINK_FINAL,
                   ack->id);
    }
}

void transcripts_asked(struct transcripts *transcripts) {
    outbox_want_all(&transcripts->outbox);
}

static void add_losses(struct text *text, const char *kind, uint32_t id, uint32_t count) {
    text_add(text, kind);
    text_add_number(text, id);
    text_add(text, " (");
    text_add_number(text, count);
    text_add(text, " since reset)");
}

bool transcripts_lost(struct transcripts *transcripts, struct text *text) {
    const struct outbox_lost *lost = &transcripts->outbox.lost;
    const bool segments = lost->segments != transcripts->told_of.segments;
    const bool finals = lost->finals != transcripts->told_of.finals;

    if (!segments && !finals) {
        return false;
    }
    text_add(text, "the outbox is full and no ACK came; lost: ");
    if (finals) {
        add_losses(text, "transcript ", lost->final, lost->finals);
    }
    text_add(text, finals && segments ? ", " : "");
    if (segments) {
        add_losses(text, "segment ", lost->segment, lost->segments);
    }
    transcripts->told_of = *lost;
    return true;
}
