/* mve/lstm.h: UNIDIRECTIONAL_SEQUENCE_LSTM: what nn/lstm.h tells, to the same bit, four units at a
 * time: one gate of four units is four sums, each 16 multiplications an instruction, and from then
 * on a lane.
 *
 * modelc packs each product's weights into one stream of words, in the order in which it is eaten;
 * units are filled up to whole fours with zeros, and so are the values of a row to whole 16s.
 *
 *     units 0 to 3: forget: bias 4 x int32 | values 0..15 | 16..31 | ...   input: ...   content:
 * ... output: ... units 4 to 7: ... weights of 16 values | unit 0: 16 x int8 | unit 1 | unit 2 |
 * unit 3 |
 *
 * The curve goes through sigmoid(i / 24) - 1/2 for i from -256 to 256, flat at both ends.
 *
 * Owns: nothing. hidden and cell are the caller's and are kept from call to call; cell is aligned
 * as int16_t is. Reads not a byte beside its operands.
 * Costs: 0.16 instructions a multiplication, 95 a unit and step.
 */
#ifndef EARSHOT_NN_MVE_LSTM_H
#define EARSHOT_NN_MVE_LSTM_H

#include <stdint.h>

#include "../lstm.h"

enum {
    NN_MVE_LSTM_UNITS = 4,
    NN_MVE_LSTM_MIDDLE = 256 /* where the curve crosses zero */
};

struct nn_mve_lstm_scale {
    int32_t left;       /* bits to the left first */
    int32_t multiplier; /* this and the rest: struct nn_mve_scale */
    int32_t shift;
    int32_t shifted;
};

struct nn_mve_lstm_product {
    const int32_t *stream;
    struct nn_mve_lstm_scale scale[NN_LSTM_GATES];
};

struct nn_mve_lstm {
    int32_t
        batches; /* as far as members are those of struct nn_lstm, they are what they are there */
    int32_t steps;
    int32_t batch_stride;
    int32_t step_stride;
    int32_t depth;
    int32_t units;
    struct nn_mve_lstm_product across;
    struct nn_mve_lstm_product back;
    struct nn_mve_lstm_scale kept; /* these three without bits to the left */
    struct nn_mve_lstm_scale gained;
    struct nn_mve_lstm_scale shown;
    struct nn_range output; /* of the hidden state: all of int8 */
    int32_t cell_min;       /* what an int16 holds, or less if it is clipped */
    int32_t cell_max;
    int32_t tanh_multiplier;
    int32_t tanh_shift;
    const int16_t *curve_q16; /* [513] */
};

void nn_mve_lstm(const struct nn_mve_lstm *layer, const int8_t *input, int8_t *hidden, int8_t *cell,
                 int8_t *output);

#endif
