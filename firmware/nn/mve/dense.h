/* mve/dense.h: nn_dense on Helium: 16 multiplications an instruction, eight accumulators.
 *
 * modelc packs a layer into one stream of words, in the order in which the loops eat it. Four
 * channels make a group; the last group is filled up with zeros. t = depth % 16.
 *
 *     group | bias 4 x int32 | weights of inputs 0..t-1 | inputs t..t+15 | t+16.. | ...
 *           | multiplier 4 x int32 | shift 4 x int32 |
 *     weights of 16 inputs | channel 0: 16 x int8 | channel 1 | channel 2 | channel 3 |
 *
 * The first weights are there only if t > 0, and are filled up to 16. A shift is as TFLite has it
 * if at most zero; one above zero is 256 times that.
 *
 * Owns: nothing. Reads not a byte beside the input.
 * Costs: for two rows at a time 0.11 instructions a multiplication and 3.8 an output, for one row
 * 0.14 and 3.9; half an instruction an output more without ReLU; for the one row of an odd group
 * 0.2 and 14.
 */
#ifndef EARSHOT_NN_MVE_DENSE_H
#define EARSHOT_NN_MVE_DENSE_H

#include <stdint.h>

#include "requantize.h"

struct nn_mve_dense;

/* Whole tiles of two rows, or of one (second is not used); end is that of their part of the stream.
 * modelc names those that serve a layer, so that an image holds no other. The ones with _relu are
 * for layers whose least output stands for zero, those with a number for depths of 16 times that;
 * only the ones with _shifted heed shifts above zero. */
typedef void nn_mve_tiles(const int8_t *first, const int8_t *second,
                          const struct nn_mve_dense *layer, int8_t *output, const int32_t *end);
nn_mve_tiles nn_mve_two_rows_shifted, nn_mve_one_row_shifted;
nn_mve_tiles nn_mve_two_rows, nn_mve_two_rows_2, nn_mve_two_rows_4, nn_mve_two_rows_8;
nn_mve_tiles nn_mve_one_row, nn_mve_one_row_2, nn_mve_one_row_4, nn_mve_one_row_8;
nn_mve_tiles nn_mve_two_rows_relu, nn_mve_two_rows_relu_2, nn_mve_two_rows_relu_4,
    nn_mve_two_rows_relu_8;
nn_mve_tiles nn_mve_one_row_relu, nn_mve_one_row_relu_2, nn_mve_one_row_relu_4,
    nn_mve_one_row_relu_8;

struct nn_mve_dense {
    int32_t depth;
    int32_t partial; /* depth % 16 */
    int32_t blocks;  /* depth / 16 */
    int32_t group_bytes;
    struct nn_range output;
    const int32_t *stream;
    int32_t channels;       /* less than 2^15 */
    nn_mve_tiles *two_rows; /* NULL for one row, or fewer than 4 channels */
    nn_mve_tiles *one_row;  /* NULL for fewer than 8 channels */
};

/* input is [rows][depth], output is [rows][channels]. */
void nn_mve_dense(const struct nn_mve_dense *layer, const int8_t *input, int32_t rows,
                  int8_t *output);

/* Two rows, from wherever they lie, to output[2][channels]. */
void nn_mve_dense_pair(const struct nn_mve_dense *layer, const int8_t *first, const int8_t *second,
                       int8_t *output);

/* One row. */
void nn_mve_dense_row(const struct nn_mve_dense *layer, const int8_t *input, int8_t *output);

#endif
