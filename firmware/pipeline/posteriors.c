#include "posteriors.h"

#include "posteriors_tables.h"

/* 256 * log2(e) * 2^20: the octaves of 256 nats. */
#define OCTAVES_Q20 387270501u

/* Beyond so many octaves a class adds nothing to the sum, of which 40 fit into 32 bits. */
enum { SUM_BITS = 26, FAINT_OCTAVES = 25 };

_Static_assert((uint64_t)POSTERIORS_CLASSES << SUM_BITS <= UINT32_MAX, "the sum fits");

void posteriors_init(struct posteriors *posteriors, uint32_t from_q8_q16) {
    const uint32_t most = 128u << 20; /* so that 255 steps fit into 64 bits, and any two saturate */
    const uint32_t from = from_q8_q16 > 0 ? from_q8_q16 : 1;
    const uint32_t step = OCTAVES_Q20 / from + (OCTAVES_Q20 % from >= from - from / 2 ? 1u : 0u);

    posteriors->step_q20 = step < most ? step : most;
}

/* A table at x, which has its whole range in 20 bits, by straight lines. */
static uint32_t interpolated(const uint16_t *table, uint32_t x_q20) {
    const uint32_t rest_bits = 20 - POSTERIORS_STEPS_BITS;
    const uint32_t step = x_q20 >> rest_bits;
    const int32_t rest = (int32_t)(x_q20 & ((1u << rest_bits) - 1u));
    const int32_t low = table[step], high = table[step + 1];

    return (uint32_t)(low * (1 << rest_bits) + (high - low) * rest); /* Q29: 15 + rest_bits */
}

/* 2^-x in Q26. */
static uint32_t exp2_q26(uint64_t x_q20) {
    const uint64_t octaves = x_q20 >> 20;

    if (octaves > FAINT_OCTAVES) {
        return 0;
    }
    return interpolated(posteriors_exp2_q15, (uint32_t)x_q20 & 0xFFFFFu) >> (3u + octaves);
}

/* log2 of a sum in Q26 that is at least one, in Q20. */
static uint32_t log2_q20(uint32_t sum_q26) {
    uint32_t octave = 31;
    while ((sum_q26 & 1u << octave) == 0) {
        octave--;
    }
    const uint32_t fraction = sum_q26 << (31 - octave) << 1; /* below its first bit, Q32 */
    return ((octave - SUM_BITS) << 20) + (interpolated(posteriors_log2_q15, fraction >> 12) >> 9);
}

void posteriors_frame(const struct posteriors *posteriors, const int8_t logits[POSTERIORS_CLASSES],
                      int16_t log2_posterior_q8[POSTERIORS_CLASSES]) {
    const uint64_t step_q20 = posteriors->step_q20;
    int32_t most = logits[0];
    uint32_t sum_q26 = 0;

    for (int i = 1; i < POSTERIORS_CLASSES; i++) {
        most = logits[i] > most ? logits[i] : most;
    }
    for (int i = 0; i < POSTERIORS_CLASSES; i++) {
        sum_q26 += exp2_q26(step_q20 * (uint32_t)(most - logits[i]));
    }
    const uint64_t above_q20 = log2_q20(sum_q26);
    for (int i = 0; i < POSTERIORS_CLASSES; i++) {
        const uint64_t below_q20 = step_q20 * (uint32_t)(most - logits[i]) + above_q20;
        const uint64_t below_q8 = (below_q20 + (1u << 11)) >> 12;
        log2_posterior_q8[i] = (int16_t)(below_q8 < 32768u ? -(int32_t)below_q8 : -32768);
    }
}
