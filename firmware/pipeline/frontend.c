#include "frontend.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "mel.h"
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

/* Four times the energy of a window's half, or a little more: a quarter of it counts as if the
 * window were everywhere what it is at the larger end: at most 1, 3, 4, 4 quarters of the power. */
static uint64_t rising(const uint64_t quarter[4]) {
    return quarter[0] + quarter[1] + 3 * quarter[2] + 4 * quarter[3];
}

static uint64_t falling(const uint64_t quarter[4]) {
    return quarter[3] + quarter[2] + 3 * quarter[1] + 4 * quarter[0];
}

/* What there is to know of a window. */
struct level {
    bool silent;
    uint32_t gain_q18; /* the most that 16 bits allow */
    struct mel_unit unit;
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
    const uint32_t one = (uint32_t)(((uint64_t)gain_q18 * gain_q18) >> 45);
    return (struct level){
        .gain_q18 = gain_q18,
        .unit.one = one > 0 ? (int32_t)one : 1,
        .unit.base_q8 = frontend_gain[index].base_q8 + (int32_t)shift * 512,
    };
}

void frontend_chunk(struct frontend *frontend, const int16_t *pcm, int16_t *logmel_q8) {
    uint64_t kept[4], first[4], second[4];

    spectrum_energies(frontend->kept, kept);
    spectrum_energies(pcm, first);
    spectrum_energies(&pcm[FRONTEND_HOP], second);
    struct level a = level_of(rising(kept) + falling(first));
    struct level b = level_of(rising(first) + falling(second));

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
        mel_bands(frontend->tables, frontend->work, a.unit, b.unit, logmel_q8);
    }
    if (a.silent) {
        memset(logmel_q8, 0, FRONTEND_BANDS * sizeof *logmel_q8);
    }
    if (b.silent) {
        memset(&logmel_q8[FRONTEND_BANDS], 0, FRONTEND_BANDS * sizeof *logmel_q8);
    }
    frontend_keep(frontend, pcm);
}
