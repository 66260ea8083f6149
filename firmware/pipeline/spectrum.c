#include "spectrum.h"

#include <assert.h>
#include <stddef.h>

#include "pairs.h"

static_assert(SPECTRUM_POINTS == 512 && SPECTRUM_POINTS == FRONTEND_WINDOW, "8 x 8 x 8");

#if !SPECTRUM_DSP && !SPECTRUM_MVE

#define EIGHTH 0x5a825a82u /* cos + j sin of an eighth of a turn, Q15 */

/* The window in the units of one gain, 1 being 2^16. */
static inline int32_t scaled(int32_t hann_q30, uint32_t gain_q18) {
    return (int32_t)(((int64_t)hann_q30 * (int32_t)gain_q18) >> 32);
}

static inline int32_t weighted(int32_t weight_q16, int16_t sample) {
    return (int32_t)(((int64_t)weight_q16 * sample) >> 16);
}

/* Window, and the first of nine radix-2 stages: samples half a window apart. The window falls as it
 * rises: hann[n + 256] = 1 - hann[n]. */
static void windowed(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a,
                     uint32_t gain_b) {
    const int32_t one_a = scaled(1 << 30, gain_a), one_b = scaled(1 << 30, gain_b);
    for (uint32_t n = 0; n < SPECTRUM_POINTS / 2; n++) {
        const int32_t rise_a = scaled(frontend_hann_q30[n], gain_a);
        const int32_t rise_b = scaled(frontend_hann_q30[n], gain_b);
        const int16_t before = kept[n], first = pcm[n], second = pcm[n + SPECTRUM_POINTS / 2];
        const uint32_t rising = pair_of(weighted(rise_a, before), weighted(rise_b, first));
        const uint32_t falling =
            pair_of(weighted(one_a - rise_a, first), weighted(one_b - rise_b, second));
        uint32_t *row = &z[64 * (n % 8) + 8 * (n / 8 % 8) + 2 * (n / 64)];
        row[0] = pair_add(rising, falling);
        row[1] = pair_sub(rising, falling);
    }
}

/* What is left of a transform of eight values: z[2 m] = x[m] + x[m + 4] and
 * z[2 m + 1] = x[m] - x[m + 4] become the spectrum, halved. */
static inline void transform_rest(uint32_t *z) {
    const uint32_t d1 = pair_rotated(z[3], EIGHTH), d3 = pair_rotated_back(z[7], EIGHTH);
    const uint32_t even0 = pair_half_add(z[0], z[4]), even1 = pair_half_sub(z[0], z[4]);
    const uint32_t even2 = pair_half_add(z[2], z[6]), even3 = pair_half_sub(z[2], z[6]);
    const uint32_t odd0 = pair_half_sub_j(z[1], z[5]), odd1 = pair_half_add_j(z[1], z[5]);
    const uint32_t odd2 = pair_sub(d1, d3), odd3 = pair_add(d1, d3);
    z[0] = pair_add(even0, even2);
    z[1] = pair_add(odd0, odd2);
    z[2] = pair_sub_j(even1, even3);
    z[3] = pair_sub_j(odd1, odd3);
    z[4] = pair_sub(even0, even2);
    z[5] = pair_sub(odd0, odd2);
    z[6] = pair_add_j(even1, even3);
    z[7] = pair_add_j(odd1, odd3);
}

/* Turns eight values by their twiddles, and halves them. There are none for value 0, and where a
 * whole row would be 1. */
static inline void twiddle(uint32_t *z, const uint32_t *w) {
    z[0] = pair_half(z[0]);
    for (uint32_t k = 1; k < 8; k++) {
        z[k] = w == NULL ? pair_half(z[k]) : pair_rotated(z[k], w[k]);
    }
}

/* The spectrum of eight values that lie `step` apart, halved; and back with it. */
static inline void transform(uint32_t eight[8], const uint32_t *z, uint32_t step) {
    for (uint32_t m = 0; m < 4; m++) {
        eight[2 * m] = pair_add(z[m * step], z[(m + 4) * step]);
        eight[2 * m + 1] = pair_sub(z[m * step], z[(m + 4) * step]);
    }
    transform_rest(eight);
}

static inline void put(uint32_t *z, uint32_t step, const uint32_t eight[8]) {
    for (uint32_t k = 0; k < 8; k++) {
        z[k * step] = eight[k];
    }
}

void spectrum(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a_q18,
              uint32_t gain_b_q18) {
    uint32_t eight[8];

    windowed(z, kept, pcm, gain_a_q18, gain_b_q18);
    for (uint32_t row = 0; row < 64; row++) {
        transform_rest(&z[8 * row]);
        twiddle(&z[8 * row], &frontend_twiddle[8 * row]);
    }
    for (uint32_t block = 0; block < 8; block++) {
        for (uint32_t column = 64 * block; column < 64 * block + 8; column++) {
            transform(eight, &z[column], 8);
            twiddle(eight, block == 0 ? NULL : &frontend_twiddle_64[8 * (block - 1)]);
            put(&z[column], 8, eight);
        }
    }
    for (uint32_t column = 0; column < 64; column++) {
        transform(eight, &z[column], 64);
        put(&z[column], 64, eight);
    }
}

void spectrum_energies(const int16_t *samples, uint64_t quarter[4]) {
    for (uint32_t i = 0; i < 4; i++) {
        quarter[i] = 0;
        for (uint32_t n = 0; n < SPECTRUM_POINTS / 8; n++, samples++) {
            quarter[i] += (uint32_t)(*samples * *samples);
        }
    }
}

#endif
