/* frontend.h: PCM to log-mel, in fixed point, one hop at a time.
 *
 * A hop of FRONTEND_HOP new samples joins the ones kept from before into a window of
 * FRONTEND_WINDOW samples: Hann window, real FFT, power, triangular mel bands, log2.
 * The result is log2(1 + energy) in Q8, the energy of a band being in PCM LSB squared: 256 is an
 * octave of power (3.01 dB), 0 is digital silence.
 * The same integers on every core; the tables are generated (frontend_tables.py).
 *
 * Owns: struct frontend (2.5 KiB), its caller's. Constant tables: 4 KiB of flash.
 */
#ifndef EARSHOT_FRONTEND_H
#define EARSHOT_FRONTEND_H

#include <stdint.h>

#include "frontend_tables.h"

struct frontend {
    const struct frontend_tables *tables;
    int16_t kept[FRONTEND_WINDOW - FRONTEND_HOP]; /* the tail of the last window, PCM */
    int32_t work[FRONTEND_WINDOW];                /* scratch: samples, then spectrum */
};

/* Starts from silence at the rate that the tables were made for. */
void frontend_init(struct frontend *frontend, const struct frontend_tables *tables);

/* Takes FRONTEND_HOP samples, gives FRONTEND_BANDS log-mel values in Q8. */
void frontend_hop(struct frontend *frontend, const int16_t *pcm, int16_t *logmel_q8);

/* Takes FRONTEND_HOP samples without looking at them, so that the next window is whole. */
void frontend_keep(struct frontend *frontend, const int16_t *pcm);

#endif
