/* lookup.h: a function of one int8, as a table: LOGISTIC, RELU, RELU6, QUANTIZE from int8.
 *
 * Owns: nothing; modelc computes the 256 entries with TFLite's own fixed-point arithmetic.
 * input and output may be the same. Costs: 6 instructions a value on Cortex-M4.
 */
#ifndef EARSHOT_NN_LOOKUP_H
#define EARSHOT_NN_LOOKUP_H

#include <stdint.h>

/* table[i] is the value for i - 128. */
void nn_lookup(const int8_t *table, const int8_t *input, int32_t count, int8_t *output);

#endif
