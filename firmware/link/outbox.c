#include "outbox.h"

#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(struct outbox) <= 656, "as outbox.h says");

static void forget(struct outbox *outbox, uint32_t index) {
    outbox->count--;
    memmove(&outbox->entry[index], &outbox->entry[index + 1],
            (outbox->count - index) * sizeof outbox->entry[0]);
}

uint32_t outbox_put(struct outbox *outbox, const struct link_segment *segment) {
    uint32_t gone = 0;

    if (outbox->count == OUTBOX_SEGMENTS) {
        gone = outbox->entry[0].segment.id;
        outbox->lost++;
        forget(outbox, 0);
    }
    struct outbox_entry *entry = &outbox->entry[outbox->count++];
    entry->segment = *segment;
    entry->segment.id = ++outbox->last_id;
    entry->due_in = 0;
    return gone;
}

bool outbox_ack(struct outbox *outbox, uint32_t id) {
    for (uint32_t i = 0; i < outbox->count; i++) {
        if (outbox->entry[i].segment.id == id) {
            forget(outbox, i);
            return true;
        }
    }
    return false;
}

void outbox_tick(struct outbox *outbox) {
    for (uint32_t i = 0; i < outbox->count; i++) {
        if (outbox->entry[i].due_in > 0) {
            outbox->entry[i].due_in--;
        }
    }
}

const struct link_segment *outbox_due(struct outbox *outbox) {
    for (uint32_t i = 0; i < outbox->count; i++) {
        if (outbox->entry[i].due_in == 0) {
            outbox->entry[i].due_in = LINK_RESEND_CHUNKS;
            return &outbox->entry[i].segment;
        }
    }
    return NULL;
}
