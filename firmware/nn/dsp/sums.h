/* sums.h: sums of int8 over a part of an image, four channels at a time, as average pooling and
 * MEAN need them.
 *
 * Owns: nothing. Costs: 1.5 instructions a value on Cortex-M4.
 */
#ifndef EARSHOT_NN_DSP_SUMS_H
#define EARSHOT_NN_DSP_SUMS_H

#include "dsp/armv7em.h"

#define NN_DSP_SUMS 4        /* channels */
#define NN_DSP_HALF_SUMS 256 /* int8 values whose sum fits in 16 bits */

struct nn_dsp_part {
    const int8_t *corner; /* its first channel */
    int32_t rows;
    int32_t columns;
    int32_t pixel; /* bytes from one column to the next */
    int32_t line;  /* from one row to the next */
};

/* Adds the part's values to sum, channel by channel. */
static inline void nn_dsp_add_part(const struct nn_dsp_part *part, int32_t sum[NN_DSP_SUMS]) {
    nn_pair even = 0; /* sums of channels 0 and 2 */
    nn_pair odd = 0;
    int32_t room = NN_DSP_HALF_SUMS;

    for (int32_t y = 0; y < part->rows; y++) {
        const int8_t *x = part->corner + y * part->line;
        for (int32_t left = part->columns; left > 0;) {
            const int32_t run = left < room ? left : room;
            const int8_t *const end = x + run * part->pixel;
            left -= run;
            room -= run;
            for (; x != end; x += part->pixel) {
                const uint32_t word = nn_word(x);
                even = nn_sxtab16(even, word);
                odd = nn_sxtab16_odd(odd, word);
            }
            if (room == 0 || (y == part->rows - 1 && left == 0)) {
                sum[0] += (int16_t)(even & 0xFFFFu);
                sum[1] += (int16_t)(odd & 0xFFFFu);
                sum[2] += (int16_t)(even >> 16);
                sum[3] += (int16_t)(odd >> 16);
                even = 0;
                odd = 0;
                room = NN_DSP_HALF_SUMS;
            }
        }
    }
}

#endif
