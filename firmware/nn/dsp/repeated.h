/* repeated.h: a line of int8 values that may be one value repeated, read four at a time all the
 * same.
 *
 * Owns: nothing. Costs: 1 instruction four values for a step that is not constant.
 */
#ifndef EARSHOT_NN_DSP_REPEATED_H
#define EARSHOT_NN_DSP_REPEATED_H

#include "dsp/armv7em.h"

struct nn_dsp_line {
    const int8_t *at;
    int32_t step; /* 0 where the value is repeated, else 1 */
};

/* `room` holds four copies of the value if it is repeated; it must live as long as the line. */
static inline struct nn_dsp_line nn_dsp_line(const int8_t *from, int32_t step, uint32_t *room) {
    struct nn_dsp_line line = {from, step};
    if (step == 0) {
        *room = (uint8_t)*from * 0x01010101u;
        line.at = (const int8_t *)room;
    }
    return line;
}

static inline uint32_t nn_dsp_next_four(struct nn_dsp_line *line) {
    const uint32_t word = nn_word(line->at);
    line->at += 4 * line->step;
    return word;
}

static inline uint32_t nn_dsp_next(struct nn_dsp_line *line) {
    const uint32_t byte = (uint8_t)*line->at;
    line->at += line->step;
    return byte;
}

#endif
