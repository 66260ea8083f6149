/* mve/lookup.h: nn_lookup on Helium, 16 values at a time.
 *
 * Owns: nothing. input and output may be the same. Costs: 6 instructions 16 values.
 */
#ifndef EARSHOT_NN_MVE_LOOKUP_H
#define EARSHOT_NN_MVE_LOOKUP_H

#include <stdint.h>

void nn_mve_lookup(const int8_t *table, const int8_t *input, int32_t count, int8_t *output);

#endif
