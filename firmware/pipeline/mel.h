/* mel.h: the power of two spectra in mel bands, and its logarithm.
 *
 * A band is a triangle: it rises over the bins of one segment and falls over those of the next. In
 * a segment the weights are linear, so that two sums give what falls, the bins' and the sum of all
 * sums on the way; what is left rises. Each segment starts below zero by the power that the
 * rounding of the spectrum adds to it (NOISE in frontend_tables.py). Portable C is the
 * specification (mel.c); mel_dsp.c (Armv7E-M and later) gives the same bits.
 *
 * Owns: nothing. Constant tables: 0.9 KiB of flash for each rate.
 */
#ifndef EARSHOT_MEL_H
#define EARSHOT_MEL_H

#include <stdint.h>

#include "frontend_tables.h"

/* What is not narrow counts a quarter for the bins after it: 32 bits hold the sum of all sums. */
#define MEL_WIDE_SHIFT 2

/* The power of a window of a certain gain. */
struct mel_unit {
    int32_t one;     /* one PCM LSB squared; at least 1 */
    int32_t base_q8; /* log2 of 2^31 units over one PCM LSB squared */
};

/* z: of the windows A + j B, see spectrum.h. Gives two rows of FRONTEND_BANDS: log2(1 + energy) in
 * Q8, at least 0, of A and of B. */
void mel_bands(const struct frontend_tables *tables, const uint32_t *z, struct mel_unit unit_a,
               struct mel_unit unit_b, int16_t *logmel_q8);

#endif
