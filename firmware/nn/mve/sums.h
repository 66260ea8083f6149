/* mve/sums.h: sums of int8 over a part of an image, 16 channels at a time, as average pooling and
 * MEAN need them.
 *
 * Owns: nothing. Costs: 7 instructions for 16 values.
 */
#ifndef EARSHOT_NN_MVE_SUMS_H
#define EARSHOT_NN_MVE_SUMS_H

#include <arm_mve.h>
#include <stdint.h>

/* So many int8 values always fit in a sum of 16 bits. */
enum { NN_MVE_SUMS = 16, NN_MVE_MOST_IN_16_BITS = 255 };

struct nn_mve_part {
    const int8_t *corner; /* its first channel */
    int32_t rows;
    int32_t columns;
    int32_t pixel; /* bytes from one column to the next */
    int32_t line;  /* from one row to the next */
};

/* of[i] has channels i, 4 + i, 8 + i and 12 + i. */
struct nn_mve_sums {
    int32x4_t of[4];
};

static inline struct nn_mve_sums nn_mve_no_sums(void) {
    const int32x4_t nothing = vdupq_n_s32(0);
    const struct nn_mve_sums sums = {{nothing, nothing, nothing, nothing}};
    return sums;
}

/* Adds sums of 16 bits, of the even channels and of the odd ones. */
static inline void nn_mve_widen(struct nn_mve_sums *sums, int16x8_t even, int16x8_t odd) {
    sums->of[0] = vaddq_s32(sums->of[0], vmovlbq_s16(even));
    sums->of[1] = vaddq_s32(sums->of[1], vmovlbq_s16(odd));
    sums->of[2] = vaddq_s32(sums->of[2], vmovltq_s16(even));
    sums->of[3] = vaddq_s32(sums->of[3], vmovltq_s16(odd));
}

/* Adds the part's values, of the channels that are live. */
static inline void nn_mve_add_part(struct nn_mve_sums *sums, const struct nn_mve_part *part,
                                   mve_pred16_t live) {
    int16x8_t even = vdupq_n_s16(0);
    int16x8_t odd = vdupq_n_s16(0);
    int32_t room = NN_MVE_MOST_IN_16_BITS;
    const int8_t *start = part->corner;

    for (int32_t row = part->rows; row > 0; row--) {
        const int8_t *x = start;
        for (int32_t left = part->columns; left > 0;) {
            const int32_t count = left < room ? left : room;
            for (int32_t i = count; i > 0; i--) {
                const int8x16_t values = vldrbq_z_s8(x, live);
                even = vaddq_s16(even, vmovlbq_s8(values));
                odd = vaddq_s16(odd, vmovltq_s8(values));
                x += part->pixel;
            }
            left -= count;
            room -= count;
            if (room == 0) {
                nn_mve_widen(sums, even, odd);
                even = vdupq_n_s16(0);
                odd = vdupq_n_s16(0);
                room = NN_MVE_MOST_IN_16_BITS;
            }
        }
        start += part->line;
    }
    nn_mve_widen(sums, even, odd);
}

#endif
