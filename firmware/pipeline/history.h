/* history.h: the words that the decoder's paths have behind them, as a tree in a fixed pool.
 *
 * A path holds its last word's entry, and that the one before it. What no path holds any more is
 * found by mark and sweep.
 * Owns: struct history (15 KiB), its owner's. Costs: within decoder.h's figures.
 */
#ifndef EARSHOT_HISTORY_H
#define EARSHOT_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

enum history_size {
    HISTORY_ENTRIES = 768,
    HISTORY_NONE = 0xFFFF, /* before the first word; from history_add(): no room */
};

struct history_entry {
    int32_t
        margin_q8; /* octaves by which the word was likelier than any phonemes: mostly below 0 */
    uint16_t previous; /* while it is free: the next free one */
    uint16_t pronunciation;
    uint16_t state, context; /* of the domain, behind the word */
    uint16_t start, end;     /* frames: first, and after the last */
    uint16_t words;          /* up to this one */
    uint8_t returns;         /* networks left between the word before and this one */
    bool held;
};

struct history {
    struct history_entry entries[HISTORY_ENTRIES];
    uint16_t first_free;
    uint16_t free;
};

void history_clear(struct history *history);

/* The words of the entry are counted here. */
uint16_t history_add(struct history *history, const struct history_entry *entry);

/* Keep this one, and all before it. */
void history_hold(struct history *history, uint16_t index);

/* Frees what has not been held since the last sweep. */
void history_sweep(struct history *history);

static inline uint16_t history_words(const struct history *history, uint16_t index) {
    return index == HISTORY_NONE ? 0 : history->entries[index].words;
}

#endif
