#include "mel.h"

#include "pairs.h"
#include "spectrum.h"

#if !SPECTRUM_DSP && !SPECTRUM_MVE

/* Of the bins of a segment. With Z = A + j B, A[k] = (Z[k] + conj Z[-k]) / 2 and B[k] likewise, so
 * that |Z[k]|^2 + |Z[-k]|^2 = 2 |A[k]|^2 + 2 |B[k]|^2 and Re Z[k] Z[-k] = |A[k]|^2 - |B[k]|^2. */
struct power {
    int32_t both;       /* 2 |A|^2 + 2 |B|^2 */
    int32_t difference; /* |A|^2 - |B|^2 */
    /* What these were before each bin, summed: so each bin counts the bins after it. */
    int32_t both_before, difference_before;
};

static struct power power_of(const struct frontend_segment *segment, const uint32_t *up,
                             const uint32_t *down, uint32_t shift) {
    struct power power = {.both = segment->sum, .both_before = segment->before};
    for (uint32_t bins = segment->bins; bins > 0; bins--) {
        const uint32_t a = *up++, b = *down--;
        power.both_before += power.both >> shift;
        power.difference_before += power.difference >> shift;
        power.both += pair_low(a) * pair_low(a) + pair_high(a) * pair_high(a);
        power.both += pair_low(b) * pair_low(b) + pair_high(b) * pair_high(b);
        power.difference += pair_low(a) * pair_low(b) - pair_high(a) * pair_high(b);
    }
    return power;
}

static int32_t high_product(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b) >> 32);
}

static int16_t log2_q8(struct mel_unit unit, int32_t power) {
    const uint32_t x = (uint32_t)((power > 0 ? power : 0) + unit.one);
    const uint32_t zeros = (uint32_t)__builtin_clz(x);
    const int32_t fraction = frontend_log2_q8[((x << zeros) >> (31 - FRONTEND_LOG2_BITS)) &
                                              ((1u << FRONTEND_LOG2_BITS) - 1u)];
    const int32_t octaves_q8 = unit.base_q8 - (int32_t)(zeros * 256) + fraction;
    /* unit.one is a whole number, rounded down: next to silence the sum may be less than one. */
    return (int16_t)(octaves_q8 > 0 ? octaves_q8 : 0);
}

void mel_bands(const struct frontend_tables *tables, const uint32_t *z, struct mel_unit unit_a,
               struct mel_unit unit_b, int16_t *logmel_q8) {
    int32_t rising_a = 0, rising_b = 0; /* of the band before, halved */
    uint32_t k = tables->first_bin;
    for (uint32_t i = 0; i <= FRONTEND_BANDS; i++) {
        const struct frontend_segment *segment = &tables->segments[i];
        const uint32_t shift = i < tables->narrow ? 0 : MEL_WIDE_SHIFT;
        const struct power power = power_of(segment, &z[k], &z[SPECTRUM_POINTS - k], shift);
        k += segment->bins;
        const int32_t sum_a = power.both + 2 * power.difference;
        const int32_t sum_b = power.both - 2 * power.difference;
        const int32_t before_a = power.both_before + 2 * power.difference_before;
        const int32_t before_b = power.both_before - 2 * power.difference_before;
        const int32_t falling_a =
            high_product(sum_a, segment->last_q31) + high_product(before_a, segment->slope_q31);
        const int32_t falling_b =
            high_product(sum_b, segment->last_q31) + high_product(before_b, segment->slope_q31);
        if (i > 0) {
            logmel_q8[i - 1] = log2_q8(unit_a, rising_a + falling_a);
            logmel_q8[FRONTEND_BANDS + i - 1] = log2_q8(unit_b, rising_b + falling_b);
        }
        rising_a = (sum_a >> 1) - falling_a;
        rising_b = (sum_b >> 1) - falling_b;
    }
}

#endif
