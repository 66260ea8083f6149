/* decoder_result.h: what the decoder has understood.
 *
 * Owns: struct decoder_result (1.6 KiB) and struct decoder_partial, their caller's.
 */
#ifndef EARSHOT_DECODER_RESULT_H
#define EARSHOT_DECODER_RESULT_H

#include <stdbool.h>
#include <stdint.h>

enum decoder_result_size {
    DECODER_WORDS = 96,
    DECODER_SLOTS = 8,
    DECODER_TEXT = 240,   /* bytes of the text, with its zero */
    DECODER_VALUES = 160, /* bytes of the slots' values, each with a zero */
};

struct decoder_word {
    uint16_t word;       /* of the domain */
    uint16_t start, end; /* frames: the first, and the one after the last */
    int32_t margin_q8;   /* octaves a phoneme */
};

struct decoder_slot {
    const char *name;  /* in the domain */
    const char *value; /* in the result */
};

/* Empty text: nothing, or nothing that the domain has. */
struct decoder_result {
    char text[DECODER_TEXT];
    uint16_t start, end; /* frames, from the first word to the last */
    uint8_t confidence_q8;
    bool truncated; /* there was more than fits */
    uint16_t word_count, slot_count;
    int32_t score_q8; /* of the whole path, costs included */
    int32_t doubt_q8; /* octaves a spoken frame that its likeliest class falls short of certain */
    int32_t average_q8, worst_q8; /* margins, octaves a phoneme; also of what has been rejected */
    struct decoder_word words[DECODER_WORDS];
    struct decoder_slot slots[DECODER_SLOTS];
    char values[DECODER_VALUES];
};

struct decoder_partial {
    char text[DECODER_TEXT];
    uint16_t stable; /* bytes of the text that every path agrees on: they stay */
    uint16_t start;  /* first frame of the first word */
    bool truncated;
};

#endif
