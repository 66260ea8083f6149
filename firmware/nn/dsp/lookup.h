/* lookup.h: nn_lookup, four values at a time.
 *
 * Owns: nothing. input and output may be the same. Costs: 4 instructions a value on Cortex-M4.
 */
#ifndef EARSHOT_NN_DSP_LOOKUP_H
#define EARSHOT_NN_DSP_LOOKUP_H

#include <stdint.h>

void nn_dsp_lookup(const int8_t *table, const int8_t *input, int32_t count, int8_t *output);

#endif
