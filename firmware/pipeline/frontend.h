/* frontend.h: PCM to log-mel, in fixed point, one hop at a time.
 *
 * A hop of FRONTEND_HOP new samples joins the ones kept from before into a window of
 * FRONTEND_WINDOW samples: Hann window, real FFT, power, triangular mel bands, log2.
 * The result is in Q8: 256 is one octave of power (3.01 dB), 0 is the floor.
 * The same integers on every core; the tables are generated (frontend_tables.py).
 *
 * Owns: struct frontend, 3 592 bytes; no heap, no floating point.
 * Costs: see the benchmark figures in firmware/pipeline/README.md.
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

#endif
