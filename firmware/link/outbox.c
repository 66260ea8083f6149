#include "outbox.h"

#include <string.h>

#define NOWHERE OUTBOX_ENTRIES

_Static_assert(sizeof(struct outbox) <= 8288, "as outbox.h says");
_Static_assert(LINK_PAYLOAD_MAX <= OUTBOX_BYTES && LINK_PAYLOAD_MAX <= UINT16_MAX,
               "any frame fits");
_Static_assert(LINK_RESEND_CHUNKS <= UINT16_MAX, "as an age");
_Static_assert(LINK_RESEND_CHUNKS << 5 == LINK_RESEND_MOST_CHUNKS, "doubled until there");

/* What goes first when there is no room. */
static uint32_t worth(uint8_t type) {
    return type == LINK_PARTIAL ? 0 : type == LINK_SEGMENT ? 1 : 2;
}

static uint32_t place_of(const struct outbox *outbox, uint32_t index) {
    uint32_t at = 0;

    for (uint32_t i = 0; i < index; i++) {
        at += outbox->entry[i].count;
    }
    return at;
}

static uint32_t find(const struct outbox *outbox, uint8_t type, uint32_t id) {
    for (uint32_t i = 0; i < outbox->count; i++) {
        if (outbox->entry[i].type == type && outbox->entry[i].id == id) {
            return i;
        }
    }
    return NOWHERE;
}

static void forget(struct outbox *outbox, uint32_t index) {
    const uint32_t at = place_of(outbox, index), bytes = outbox->entry[index].count;

    outbox->used -= bytes;
    memmove(&outbox->bytes[at], &outbox->bytes[at + bytes], outbox->used - at);
    outbox->count--;
    memmove(&outbox->entry[index], &outbox->entry[index + 1],
            (outbox->count - index) * sizeof outbox->entry[0]);
}

static void count_lost(struct outbox_lost *lost, uint8_t type, uint32_t id) {
    if (type == LINK_PARTIAL) {
        lost->partials++;
    } else if (type == LINK_SEGMENT) {
        lost->segments++;
        lost->segment = id;
    } else {
        lost->finals++;
        lost->final = id;
    }
}

/* The oldest one of the least worth, but worth no more than `most`. */
static uint32_t find_victim(const struct outbox *outbox, uint32_t most) {
    uint32_t victim = NOWHERE, least = most + 1;

    for (uint32_t i = 0; i < outbox->count; i++) {
        if (worth(outbox->entry[i].type) < least) {
            victim = i;
            least = worth(outbox->entry[i].type);
        }
    }
    return victim;
}

void outbox_put(struct outbox *outbox, enum link_frame type, uint32_t id, const uint8_t *payload,
                size_t count) {
    if (type == LINK_PARTIAL || type == LINK_FINAL) {
        const uint32_t outdated = find(outbox, LINK_PARTIAL, id);
        if (outdated != NOWHERE) {
            forget(outbox, outdated);
        }
    }
    while (outbox->count == OUTBOX_ENTRIES || OUTBOX_BYTES - outbox->used < count) {
        const uint32_t victim = find_victim(outbox, worth((uint8_t)type));
        if (victim == NOWHERE) {
            count_lost(&outbox->lost, (uint8_t)type, id);
            return;
        }
        count_lost(&outbox->lost, outbox->entry[victim].type, outbox->entry[victim].id);
        forget(outbox, victim);
    }
    outbox->entry[outbox->count++] =
        (struct outbox_entry){.id = id, .count = (uint16_t)count, .type = (uint8_t)type};
    memcpy(&outbox->bytes[outbox->used], payload, count);
    outbox->used += (uint32_t)count;
}

bool outbox_ack(struct outbox *outbox, enum link_frame type, uint32_t id) {
    const uint32_t index = find(outbox, (uint8_t)type, id);

    if (index == NOWHERE) {
        return false;
    }
    forget(outbox, index);
    return true;
}

void outbox_heard(struct outbox *outbox) {
    outbox->unheard = 0;
}

static void want(struct outbox *outbox, uint32_t age) {
    for (uint32_t i = 0; i < outbox->count; i++) {
        if (outbox->entry[i].age >= age) {
            outbox->entry[i].age = LINK_RESEND_CHUNKS;
        }
    }
}

void outbox_want_all(struct outbox *outbox) {
    want(outbox, 0);
}

void outbox_want_damaged(struct outbox *outbox) {
    want(outbox, LINK_RESEND_DAMAGED_CHUNKS);
}

void outbox_tick(struct outbox *outbox) {
    for (uint32_t i = 0; i < outbox->count; i++) {
        if (outbox->entry[i].age < LINK_RESEND_CHUNKS) {
            outbox->entry[i].age++;
        }
    }
    if (outbox->since_repeat < LINK_RESEND_MOST_CHUNKS) {
        outbox->since_repeat++;
    }
}

static uint32_t find_due(const struct outbox *outbox, bool again) {
    for (uint32_t i = 0; i < outbox->count; i++) {
        const struct outbox_entry *entry = &outbox->entry[i];
        if (again ? entry->sent && entry->age == LINK_RESEND_CHUNKS : !entry->sent) {
            return i;
        }
    }
    return NOWHERE;
}

/* Chunks that must pass between the last repetition and the next one. */
static uint32_t gap(const struct outbox *outbox) {
    if (outbox->unheard < LINK_RESEND_AHEAD_FRAMES) {
        return 0;
    }
    return (uint32_t)LINK_RESEND_CHUNKS << (outbox->unheard - LINK_RESEND_AHEAD_FRAMES);
}

bool outbox_take(struct outbox *outbox, uint8_t *type, uint8_t payload[LINK_PAYLOAD_MAX],
                 size_t *count) {
    const uint32_t fresh = find_due(outbox, false);
    const bool may_repeat = outbox->since_repeat >= gap(outbox);
    const uint32_t old = may_repeat ? find_due(outbox, true) : NOWHERE;
    const bool repeat = old != NOWHERE && (fresh == NOWHERE || !outbox->repeated_last);
    const uint32_t index = repeat ? old : fresh;

    if (index == NOWHERE) {
        return false;
    }
    struct outbox_entry *entry = &outbox->entry[index];
    *type = entry->type;
    *count = entry->count;
    memcpy(payload, &outbox->bytes[place_of(outbox, index)], entry->count);
    entry->sent = true;
    entry->age = 0;
    outbox->repeated_last = repeat;
    if (repeat) {
        outbox->since_repeat = 0;
        if (gap(outbox) < LINK_RESEND_MOST_CHUNKS) {
            outbox->unheard++;
        }
    }
    if (*type == LINK_PARTIAL) {
        forget(outbox, index);
    }
    return true;
}
