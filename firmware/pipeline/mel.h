#ifndef EARSHOT_MEL_H
#define EARSHOT_MEL_H

#include <stdint.h>

#include "frontend_tables.h"

/* Segments that are not narrow sum a quarter of what they count for the bins after it. */
#define MEL_WIDE_SHIFT 2

struct mel_unit {
    int32_t one;     /* one PCM LSB squared; at least 1 */
    int32_t base_q8; /* log2 of 2^31 units over one PCM LSB squared */
};

void mel_bands(const struct frontend_tables *tables, const uint32_t *z, struct mel_unit unit_a,
               struct mel_unit unit_b, int16_t *logmel_q8);

#endif
