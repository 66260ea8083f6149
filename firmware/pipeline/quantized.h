/* quantized.h: log-mel as a network's input tensor has it.
 *
 * Owns: nothing. Costs: a multiplication a value.
 */
#ifndef EARSHOT_QUANTIZED_H
#define EARSHOT_QUANTIZED_H

#include <stdint.h>

#include "engine.h"

static inline int8_t quantized(int16_t x_q8, const struct nn_tensor *tensor) {
    const int64_t scaled_q16 = (int64_t)x_q8 * tensor->from_q8_q16;
    const int64_t value = ((scaled_q16 + 0x8000) >> 16) + tensor->zero_point;

    return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
}

#endif
