#include "frontend.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "mel.h"
#include "spectrum.h"

static_assert(FRONTEND_WINDOW == SPECTRUM_POINTS, "a window is a transform");
static_assert(2 * FRONTEND_HOP == FRONTEND_WINDOW,
              "the window of a chunk's second hop is the chunk");

#define LEAST_ENERGY (1u << FRONTEND_GAIN_EXPONENT)

/* What there is to know of a hop's window before its spectrum. */
struct level {
    bool silent;
    uint32_t gain_q18; /* the most that the spectrum's 16 bits allow */
    struct mel_unit unit;
};

/* Energy under half a window, given a quarter of the half at a time, times four. The window's
 * square grows to 0.02, 1/4, 0.73 and 1 in its quarters: each counts with a bit more, as a whole
 * number. */
static uint64_t rising_energy(const uint64_t quarter[4]) {
    return quarter[0] + quarter[1] + 3 * quarter[2] + 4 * quarter[3];
}

static uint64_t falling_energy(const uint64_t quarter[4]) {
    return quarter[3] + quarter[2] + 3 * quarter[1] + 4 * quarter[0];
}

/* The gain falls in quarters of an octave as the energy grows. */
static struct level level_of(uint64_t energy) {
    if (energy == 0) {
        return (struct level){.silent = true};
    }
    const uint64_t at_least = energy < LEAST_ENERGY ? LEAST_ENERGY : energy;
    const uint32_t exponent = 63u - (uint32_t)__builtin_clzll(at_least);
    const uint32_t quarter = (uint32_t)(at_least >> (exponent - 2)) & 3u;
    const struct frontend_gain *gain = &frontend_gain[4 * (exponent % 2) + quarter];
    const uint32_t octaves = (exponent - FRONTEND_GAIN_EXPONENT) / 2;
    const uint32_t gain_q18 = gain->gain_q18 >> octaves;
    /* Of a power, half of |2 gain / 32|^2, in units that are whole numbers. */
    const uint32_t one = (uint32_t)(((uint64_t)gain_q18 * gain_q18) >> (2 * 18 + 9));
    return (struct level){
        .gain_q18 = gain_q18,
        .unit.one = one > 0 ? (int32_t)one : 1,
        .unit.base_q8 = gain->base_q8 + (int32_t)octaves * 512,
    };
}

/* Windows of similar level share the smaller gain, which costs less; a silent one takes any. */
static void share_gain(struct level *a, struct level *b) {
    if (a->silent || (!b->silent && b->gain_q18 <= a->gain_q18 && a->gain_q18 / 2 <= b->gain_q18)) {
        a->gain_q18 = b->gain_q18;
        a->unit = b->unit;
    } else if (b->silent || (a->gain_q18 <= b->gain_q18 && b->gain_q18 / 2 <= a->gain_q18)) {
        b->gain_q18 = a->gain_q18;
        b->unit = a->unit;
    }
}

void frontend_init(struct frontend *frontend, const struct frontend_tables *tables) {
    memset(frontend, 0, sizeof *frontend);
    frontend->tables = tables;
}

void frontend_keep(struct frontend *frontend, const int16_t *pcm) {
    const int16_t *from = &pcm[FRONTEND_CHUNK - FRONTEND_HOP];
#if SPECTRUM_DSP || SPECTRUM_MVE
    /* Loads and stores of several aligned words: memcpy() must expect any address. */
    int16_t *to = __builtin_assume_aligned(frontend->kept, 4);
    from = __builtin_assume_aligned(from, 4);
    for (uint32_t i = 0; i < FRONTEND_HOP; i += 32) {
        memcpy(&to[i], &from[i], 32 * sizeof *to);
    }
#else
    memcpy(frontend->kept, from, sizeof frontend->kept);
#endif
}

void frontend_chunk(struct frontend *frontend, const int16_t *pcm, int16_t *logmel_q8) {
    uint64_t kept[4], first[4], second[4];

    spectrum_energies(frontend->kept, kept);
    spectrum_energies(pcm, first);
    spectrum_energies(&pcm[FRONTEND_HOP], second);
    struct level a = level_of(rising_energy(kept) + falling_energy(first));
    struct level b = level_of(rising_energy(first) + falling_energy(second));
    share_gain(&a, &b);
    if (!a.silent || !b.silent) {
        spectrum(frontend->work, frontend->kept, pcm, a.gain_q18, b.gain_q18);
        mel_bands(frontend->tables, frontend->work, a.unit, b.unit, logmel_q8);
    }
    /* The other window's rounding must not be heard in silence. */
    if (a.silent) {
        memset(logmel_q8, 0, FRONTEND_BANDS * sizeof *logmel_q8);
    }
    if (b.silent) {
        memset(&logmel_q8[FRONTEND_BANDS], 0, FRONTEND_BANDS * sizeof *logmel_q8);
    }
    frontend_keep(frontend, pcm);
}
