/* lstm.h: UNIDIRECTIONAL_SEQUENCE_LSTM of int8 activations with an int16 cell state.
 *
 * At every step, for every unit: four gates, each the sum of two products (the input's, the hidden
 * state's), both brought to Q3.12; sigmoid, tanh for the new content, in Q0.15; then
 *     cell = forget * cell + input * content,   hidden = output * tanh(cell).
 * The hidden state becomes the step's output. No peepholes, no projection, no normalization.
 *
 * Owns: nothing. hidden and cell are the caller's and are kept from call to call.
 * Costs: about 3 instructions a multiplication on Cortex-M4, and 570 a unit and step.
 */
#ifndef EARSHOT_NN_LSTM_H
#define EARSHOT_NN_LSTM_H

#include <stdint.h>

#include "requantize.h"

/* The four gates lie together, in this order, so that one load of what is multiplied serves all:
 *
 *     weights:  unit 0: value 0: forget input content output | value 1: f i c o | ... | unit 1: ...
 */
enum { NN_LSTM_FORGET, NN_LSTM_INPUT, NN_LSTM_CONTENT, NN_LSTM_OUTPUT, NN_LSTM_GATES };

/* One of the two products of every gate, brought to Q3.12. */
struct nn_lstm_product {
    const int8_t *weights; /* [units][depth][NN_LSTM_GATES] */
    const int32_t *bias;   /* [units][NN_LSTM_GATES]; zero point of the values folded in */
    int32_t multiplier[NN_LSTM_GATES]; /* Q31 */
    int32_t shift[NN_LSTM_GATES];
};

struct nn_lstm_scale {
    int32_t multiplier; /* Q31 */
    int32_t shift;
};

struct nn_lstm {
    int32_t batches;
    int32_t steps;
    int32_t batch_stride;          /* rows between a sequence and the next: 1 if time comes first */
    int32_t step_stride;           /* rows between a step and the next */
    int32_t depth;                 /* values in a row of the input */
    int32_t units;                 /* values in a row of the output */
    struct nn_lstm_product across; /* of the input */
    struct nn_lstm_product back;   /* of the hidden state */
    struct nn_lstm_scale kept;     /* forget * cell to the cell's scale */
    struct nn_lstm_scale gained;   /* input * content to the cell's scale */
    struct nn_lstm_scale shown;    /* output * tanh(cell) to the hidden state's scale */
    int32_t hidden_zero;
    int32_t cell_clip;           /* below 0 for none */
    int32_t tanh_multiplier;     /* from the cell to what the table is made for, then */
    int32_t tanh_shift;          /* to the right, rounded */
    const uint16_t *sigmoid_q16; /* [256]: sigmoid(i / 24) */
};

/* input is [rows][depth], output [rows][units], hidden and cell [batches][units]. */
void nn_lstm(const struct nn_lstm *layer, const int8_t *input, int8_t *hidden, int8_t *cell,
             int8_t *output);

#endif
