/* pair.h: two int8 tensors, either of them repeated along any axis, for kernels that have one loop
 * over values side by side. A value that is repeated along a line is laid out in a row.
 *
 * Owns: nothing; 64 bytes of stack. Costs: nothing for inputs of the output's shape; else 40
 * instructions a line, and 1 to 2 a value where one is repeated along the last axis.
 */
#ifndef EARSHOT_NN_DSP_PAIR_H
#define EARSHOT_NN_DSP_PAIR_H

#include <stdint.h>

/* Computes `count` values from as many of both. */
typedef void (*nn_dsp_run)(const void *layer, const int8_t *first, const int8_t *second,
                           int8_t *output, int32_t count);

struct nn_dsp_pair {
    int32_t side_by_side;   /* values of the output if both inputs have its shape, else 0 */
    int32_t shape[4];       /* of the output */
    int32_t first_step[4];  /* in values, along each axis of the output; 0 where it is broadcast */
    int32_t second_step[4]; /* along the last axis 1, but for one of both, which may have 0 */
};

/* For inputs that are not side by side. */
void nn_dsp_each_run(const struct nn_dsp_pair *pair, nn_dsp_run run, const void *layer,
                     const int8_t *first, const int8_t *second, int8_t *output);

#endif
