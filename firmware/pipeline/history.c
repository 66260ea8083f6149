#include "history.h"

_Static_assert(sizeof(struct history_entry) == 20, "as history.h says");

static void release(struct history *history, uint16_t index) {
    history->entries[index].previous = history->first_free;
    history->first_free = index;
    history->free++;
}

void history_clear(struct history *history) {
    history->first_free = HISTORY_NONE;
    history->free = 0;
    for (uint32_t i = HISTORY_ENTRIES; i > 0; i--) {
        history->entries[i - 1].held = false;
        release(history, (uint16_t)(i - 1));
    }
}

uint16_t history_add(struct history *history, const struct history_entry *entry) {
    const uint16_t index = history->first_free;

    if (index == HISTORY_NONE) {
        return HISTORY_NONE;
    }
    history->first_free = history->entries[index].previous;
    history->free--;
    history->entries[index] = *entry;
    history->entries[index].words = (uint16_t)(history_words(history, entry->previous) + 1u);
    history->entries[index].held = false;
    return index;
}

void history_hold(struct history *history, uint16_t index) {
    while (index != HISTORY_NONE && !history->entries[index].held) {
        history->entries[index].held = true;
        index = history->entries[index].previous;
    }
}

void history_sweep(struct history *history) {
    history->first_free = HISTORY_NONE;
    history->free = 0;
    for (uint32_t i = HISTORY_ENTRIES; i > 0; i--) {
        struct history_entry *entry = &history->entries[i - 1];
        if (entry->held) {
            entry->held = false;
        } else {
            release(history, (uint16_t)(i - 1));
        }
    }
}
