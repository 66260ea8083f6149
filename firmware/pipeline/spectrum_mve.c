/* The spectrum on Helium: spectrum.c for four butterflies at a time, a complex value a 32-bit lane.
 *
 * Twiddles are halved to Q14, as the doubling multiplications give them back the bit.
 */
#include "spectrum.h"

#if SPECTRUM_MVE

#include <arm_mve.h>
#include <stdbool.h>

#define EIGHTH_Q14 11585

/* a (cos - j sin) / 2 */
static inline int16x8_t rotated(int16x8_t a, int16x8_t w_q14) {
    return vqrdmlsdhxq_s16(vqrdmladhq_s16(a, a, w_q14), a, w_q14);
}

/* a (cos + j sin) / 2 */
static inline int16x8_t rotated_back(int16x8_t a, int16x8_t w_q14) {
    return vqrdmladhxq_s16(vqrdmlsdhq_s16(a, a, w_q14), a, w_q14);
}

/* The first stage: x[m] and x[m + 4] become z[2 m] and z[2 m + 1]. */
static inline void first_stage(int16x8_t z[8], const uint32_t *x, uint32_t step) {
#pragma GCC unroll 8
    for (uint32_t m = 0; m < 4; m++) {
        const int16x8_t a = vreinterpretq_s16_u32(vldrwq_u32(&x[m * step]));
        const int16x8_t b = vreinterpretq_s16_u32(vldrwq_u32(&x[(m + 4) * step]));
        z[2 * m] = vaddq_s16(a, b);
        z[2 * m + 1] = vsubq_s16(a, b);
    }
}

/* transform_rest() of spectrum.c; `halved`: value 0 once more, as twiddles halve the others. */
static inline void transform_rest(int16x8_t z[8], bool halved) {
    const int16x8_t eighth = vdupq_n_s16(EIGHTH_Q14);
    const int16x8_t even0 = vhaddq_s16(z[0], z[4]), even1 = vhsubq_s16(z[0], z[4]);
    const int16x8_t even2 = vhaddq_s16(z[2], z[6]), even3 = vhsubq_s16(z[2], z[6]);
    const int16x8_t d1 = rotated(z[3], eighth), d3 = rotated_back(z[7], eighth);
    const int16x8_t odd0 = vhcaddq_rot270_s16(z[1], z[5]), odd1 = vhcaddq_rot90_s16(z[1], z[5]);
    const int16x8_t odd2 = vsubq_s16(d1, d3), odd3 = vaddq_s16(d1, d3);
    z[0] = halved ? vhaddq_s16(even0, even2) : vaddq_s16(even0, even2);
    z[1] = vaddq_s16(odd0, odd2);
    z[2] = vcaddq_rot270_s16(even1, even3);
    z[3] = vcaddq_rot270_s16(odd1, odd3);
    z[4] = vsubq_s16(even0, even2);
    z[5] = vsubq_s16(odd0, odd2);
    z[6] = vcaddq_rot90_s16(even1, even3);
    z[7] = vcaddq_rot90_s16(odd1, odd3);
}

/* Each lane a row of eight values that lie together, its first stage done. */
static void rows(uint32_t *z) {
    const uint32x4_t row = {0, 32, 64, 96}; /* bytes */
    const uint32_t *w = frontend_twiddle;
    for (uint32_t i = 0; i < 64; i += 4, z += 32, w += 32) {
        int16x8_t eight[8];
#pragma GCC unroll 8
        for (uint32_t k = 0; k < 8; k++) {
            eight[k] = vreinterpretq_s16_u32(vldrwq_gather_offset_u32(&z[k], row));
        }
        transform_rest(eight, true);
        vstrwq_scatter_offset_u32(z, row, vreinterpretq_u32_s16(eight[0]));
#pragma GCC unroll 8
        for (uint32_t k = 1; k < 8; k++) {
            const int16x8_t turn = vreinterpretq_s16_u32(vldrwq_gather_offset_u32(&w[k], row));
            const int16x8_t turned = rotated(eight[k], vshrq_n_s16(turn, 1));
            vstrwq_scatter_offset_u32(&z[k], row, vreinterpretq_u32_s16(turned));
        }
    }
}

/* Each lane a column of a block of eight by eight. The first block is halved: it has nothing to
 * turn. */
static void blocks(uint32_t *z) {
    const uint32_t *w = frontend_twiddle_64;
    for (uint32_t column = 0; column < 8; column += 4) {
        int16x8_t eight[8];
        first_stage(eight, &z[column], 8);
        transform_rest(eight, false);
#pragma GCC unroll 8
        for (uint32_t k = 0; k < 8; k++) {
            const int16x8_t half = vshrq_n_s16(eight[k], 1);
            vstrwq_u32(&z[8 * k + column], vreinterpretq_u32_s16(half));
        }
    }
    for (uint32_t block = 1; block < 8; block++, w += 8) {
        z += 64;
        for (uint32_t column = 0; column < 8; column += 4) {
            int16x8_t eight[8];
            first_stage(eight, &z[column], 8);
            transform_rest(eight, true);
            vstrwq_u32(&z[column], vreinterpretq_u32_s16(eight[0]));
#pragma GCC unroll 8
            for (uint32_t k = 1; k < 8; k++) {
                const int16x8_t turn = vreinterpretq_s16_u32(vdupq_n_u32(w[k]));
                const int16x8_t turned = rotated(eight[k], vshrq_n_s16(turn, 1));
                vstrwq_u32(&z[8 * k + column], vreinterpretq_u32_s16(turned));
            }
        }
    }
}

/* Each lane a column of all values. */
static void columns(uint32_t *z) {
    for (uint32_t column = 0; column < 64; column += 4) {
        int16x8_t eight[8];
        first_stage(eight, &z[column], 64);
        transform_rest(eight, false);
#pragma GCC unroll 8
        for (uint32_t k = 0; k < 8; k++) {
            vstrwq_u32(&z[64 * k + column], vreinterpretq_u32_s16(eight[k]));
        }
    }
}

/* A sample a lane, where the product of two words has it in its upper word. */
static inline int32x4_t samples(const int16_t *from) {
    return vshlq_n_s32(vldrhq_s32(from), 16);
}

/* The real and the imaginary part of four values. */
static inline int16x8_t complex_of(int32x4_t real, int32x4_t imag) {
    return vmovntq_s32(vreinterpretq_s16_s32(real), imag);
}

static void windowed(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a,
                     uint32_t gain_b) {
    const uint32x4_t row = {0, 256, 512, 768}; /* bytes: eight rows */
    const int32x4_t one_a = vdupq_n_s32((int32_t)(gain_a >> 2));
    const int32x4_t one_b = vdupq_n_s32((int32_t)(gain_b >> 2));
    const int32x4_t by_a = vdupq_n_s32((int32_t)gain_a), by_b = vdupq_n_s32((int32_t)gain_b);
    for (uint32_t n = 0; n < SPECTRUM_POINTS / 2; n += 4) {
        const int32x4_t hann = vldrwq_s32(&frontend_hann_q30[n]);
        const int32x4_t rise_a = vmulhq_s32(hann, by_a);
        const int32x4_t rise_b = vmulhq_s32(hann, by_b);
        const int32x4_t first = samples(&pcm[n]);
        const int16x8_t rising =
            complex_of(vmulhq_s32(rise_a, samples(&kept[n])), vmulhq_s32(rise_b, first));
        const int16x8_t falling = complex_of(
            vmulhq_s32(vsubq_s32(one_a, rise_a), first),
            vmulhq_s32(vsubq_s32(one_b, rise_b), samples(&pcm[n + SPECTRUM_POINTS / 2])));
        uint32_t *at = &z[64 * (n % 8) + 8 * (n / 8 % 8) + 2 * (n / 64)];
        vstrwq_scatter_offset_u32(at, row, vreinterpretq_u32_s16(vaddq_s16(rising, falling)));
        vstrwq_scatter_offset_u32(at + 1, row, vreinterpretq_u32_s16(vsubq_s16(rising, falling)));
    }
}

void spectrum(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a,
              uint32_t gain_b) {
    windowed(z, kept, pcm, gain_a, gain_b);
    rows(z);
    blocks(z);
    columns(z);
}

void spectrum_energies(const int16_t *from, uint64_t quarter[4]) {
    for (uint32_t i = 0; i < 4; i++) {
        int64_t energy = 0;
        for (uint32_t n = 0; n < SPECTRUM_POINTS / 8; n += 8, from += 8) {
            const int16x8_t eight = vldrhq_s16(from);
            energy = vmlaldavaq_s16(energy, eight, eight);
        }
        quarter[i] = (uint64_t)energy;
    }
}

#endif
