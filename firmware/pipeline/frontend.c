#include "frontend.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "spectrum.h"

static_assert(FRONTEND_WINDOW == SPECTRUM_POINTS, "a window a transform");
static_assert(2 * FRONTEND_HOP == FRONTEND_WINDOW, "a chunk is two hops, a window long");

void frontend_init(struct frontend *frontend, const struct frontend_tables *tables) {
    memset(frontend, 0, sizeof *frontend);
    frontend->tables = tables;
}

void frontend_keep(struct frontend *frontend, const int16_t *pcm) {
    memcpy(frontend->kept, &pcm[FRONTEND_CHUNK - FRONTEND_HOP], sizeof frontend->kept);
}

/* What there is to know of a window. */
struct level {
    bool silent;
    uint32_t gain_q18; /* the most that 16 bits allow */
    int32_t one;       /* PCM LSB squared in units of power; at least 1 */
    int32_t base_q8;   /* log2 of 2^31 units of power over one PCM LSB squared */
};

static struct level level_of(uint64_t energy) {
    if (energy == 0) {
        return (struct level){.silent = true, .gain_q18 = UINT32_MAX};
    }
    const uint64_t x = energy < 64 ? 64 : energy;
    const uint32_t bits = 63u - (uint32_t)__builtin_clzll(x);
    const uint32_t index = (bits & 1u) * 4 + ((uint32_t)(x >> (bits - 2)) & 3u);
    const uint32_t shift = (bits - 6) / 2;
    const uint32_t gain_q18 = frontend_gain[index].gain_q18 >> shift;
    const uint32_t one = (uint32_t)(((uint64_t)gain_q18 * gain_q18) >> 44);
    return (struct level){
        .gain_q18 = gain_q18,
        .one = one > 0 ? (int32_t)one : 1,
        .base_q8 = frontend_gain[index].base_q8 + (int32_t)shift * 512,
    };
}

static inline int16_t log2_q8(const struct level *level, int32_t power) {
    const uint32_t x = (uint32_t)((power > 0 ? power : 0) + level->one);
    const uint32_t zeros = (uint32_t)__builtin_clz(x);
    const uint32_t index = (x << zeros) >> (31 - FRONTEND_LOG2_BITS);
    const int32_t fraction = frontend_log2_q8[index & ((1u << FRONTEND_LOG2_BITS) - 1u)];
    return (int16_t)(level->base_q8 - (int32_t)(zeros * 256) + fraction);
}

static inline int32_t falling(const struct frontend_segment *segment, int32_t sum, int32_t before) {
    return (int32_t)(((int64_t)before * segment->slope_q29 + (int64_t)sum * segment->last_q29) >>
                     29);
}

static void mel_bands(const struct frontend_tables *tables, const uint32_t *z,
                      const struct level *level_a, const struct level *level_b,
                      int16_t *logmel_q8) {
    int32_t rising_a = 0, rising_b = 0; /* of the band before */
    uint32_t k = tables->first_bin;
    for (uint32_t i = 0; i <= FRONTEND_BANDS; i++) {
        const struct frontend_segment *segment = &tables->segments[i];
        struct spectrum_power power = {.both = segment->sum, .both_before = segment->before};
        spectrum_power(z, k, segment->bins, &power);
        k += segment->bins;
        const int32_t sum_a = power.both + 2 * power.difference;
        const int32_t sum_b = power.both - 2 * power.difference;
        const int32_t falling_a =
            falling(segment, sum_a, power.both_before + 2 * power.difference_before);
        const int32_t falling_b =
            falling(segment, sum_b, power.both_before - 2 * power.difference_before);
        if (i > 0) {
            logmel_q8[i - 1] = log2_q8(level_a, rising_a + falling_a);
            logmel_q8[FRONTEND_BANDS + i - 1] = log2_q8(level_b, rising_b + falling_b);
        }
        rising_a = sum_a - falling_a;
        rising_b = sum_b - falling_b;
    }
}

void frontend_chunk(struct frontend *frontend, const int16_t *pcm, int16_t *logmel_q8) {
    const struct spectrum_energy kept = spectrum_energy(frontend->kept);
    const struct spectrum_energy first = spectrum_energy(pcm);
    const struct spectrum_energy second = spectrum_energy(&pcm[FRONTEND_HOP]);
    struct level a = level_of(kept.rising + first.falling);
    struct level b = level_of(first.rising + second.falling);

    if (a.silent || (!b.silent && b.gain_q18 <= a.gain_q18 && b.gain_q18 >= a.gain_q18 / 2)) {
        const bool silent = a.silent;
        a = b;
        a.silent = silent;
    } else if (b.silent || (a.gain_q18 <= b.gain_q18 && a.gain_q18 >= b.gain_q18 / 2)) {
        const bool silent = b.silent;
        b = a;
        b.silent = silent;
    }
    if (!a.silent || !b.silent) {
        spectrum(frontend->work, frontend->kept, pcm, a.gain_q18, b.gain_q18);
        mel_bands(frontend->tables, frontend->work, &a, &b, logmel_q8);
    }
    if (a.silent) {
        memset(logmel_q8, 0, FRONTEND_BANDS * sizeof *logmel_q8);
    }
    if (b.silent) {
        memset(&logmel_q8[FRONTEND_BANDS], 0, FRONTEND_BANDS * sizeof *logmel_q8);
    }
    frontend_keep(frontend, pcm);
}
