/* frontend.h: PCM to log-mel, in fixed point, a chunk of two hops at a time.
 *
 * A hop of FRONTEND_HOP new samples and the hop before it are a window: Hann window, FFT, power,
 * triangular mel bands, log2. The result is log2(1 + energy) in Q8, the energy of a band being in
 * PCM LSB squared: 256 is an octave of power (3.01 dB), 0 is digital silence and the floor:
 * no value is below it. The two windows of a chunk share one FFT in 16 bits (spectrum.h, mel.h),
 * each at the gain that suits its energy: bands are good to some 60 dB below the strongest one of
 * their window. The same integers on every core; the tables are generated (frontend_tables.py).
 *
 * Owns: struct frontend (2.5 KiB), its caller's. Constant tables: 4.4 KiB of flash.
 * Costs: 9 450 instructions a hop on a Cortex-M4, at most 9 650; 6 100 on a Cortex-M55.
 */
#ifndef EARSHOT_FRONTEND_H
#define EARSHOT_FRONTEND_H

#include <stdint.h>

#include "frontend_tables.h"

#define FRONTEND_CHUNK (2 * FRONTEND_HOP)

struct frontend {
    const struct frontend_tables *tables;
    int16_t kept[FRONTEND_HOP];     /* the last hop, PCM; aligned as a word */
    uint32_t work[FRONTEND_WINDOW]; /* scratch: the spectrum */
};

/* Starts from silence at the rate that the tables were made for. */
void frontend_init(struct frontend *frontend, const struct frontend_tables *tables);

/* Takes FRONTEND_CHUNK samples, gives two rows of FRONTEND_BANDS log-mel values in Q8.
 * On a Cortex-M the samples must be aligned as words. */
void frontend_chunk(struct frontend *frontend, const int16_t *pcm, int16_t *logmel_q8);

/* Takes FRONTEND_CHUNK samples without looking at them, so that the next windows are whole. */
void frontend_keep(struct frontend *frontend, const int16_t *pcm);

#endif
