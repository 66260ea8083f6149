/* lstm.h: UNIDIRECTIONAL_SEQUENCE_LSTM: what nn/lstm.h tells, to the same bit.
 *
 * The four gates of a unit are a group of four channels: the streams are those of dense.h, and one
 * expansion of the input and of the hidden state serves all gates of all units. Sums of a few
 * units lie in scratch until they become those units' next state.
 *
 * The curve goes through sigmoid(i / 24) - 1/2 for i from -256 to 256, flat at both ends: two
 * neighbours are one pair, and one SMLAD is the value between them.
 *
 * Owns: nothing. hidden and cell are the caller's and are kept from call to call.
 * Costs: 0.9 instructions a multiplication on Cortex-M4, 225 a unit and step (250 if a factor is
 * not below one half), 2 a value of a row of the input or of the hidden state.
 */
#ifndef EARSHOT_NN_DSP_LSTM_H
#define EARSHOT_NN_DSP_LSTM_H

#include <stdint.h>

#include "../lstm.h"

enum {
    NN_DSP_LSTM_UNITS = 4,   /* whose sums are made at once */
    NN_DSP_LSTM_MIDDLE = 256 /* where the curve crosses zero */
};

/* Words of scratch: the sums of some units, then the expanded input and hidden state. */
#define NN_DSP_LSTM_SUMS (2 * NN_DSP_LSTM_UNITS * NN_LSTM_GATES)

/* nn_requantize for any factor; one of one half and above is rounded only once. */
struct nn_dsp_lstm_scale {
    int32_t left;           /* bits to the left first */
    int32_t twice_less_one; /* as in struct nn_dsp_scale; the first rounding */
    int32_t once;           /* -1 if it is the only one, else 0 */
    int32_t minus_power;    /* -2^(32 - e), the second rounding; 0 if there is none */
};

struct nn_dsp_lstm_product {
    const int32_t *stream; /* of dense.h: biases and weights, the gates in the order of nn/lstm.h */
    struct nn_dsp_lstm_scale scale[NN_LSTM_GATES];
};

struct nn_dsp_lstm {
    int32_t
        batches; /* as far as members are those of struct nn_lstm, they are what they are there */
    int32_t steps;
    int32_t batch_stride;
    int32_t step_stride;
    int32_t depth;
    int32_t units;
    struct nn_dsp_lstm_product across;
    struct nn_dsp_lstm_product back;
    int32_t kept[2]; /* struct nn_dsp_scale */
    int32_t gained[2];
    int32_t shown[2];
    int32_t hidden_zero;
    int32_t cell_clip;
    int32_t tanh_multiplier;
    int32_t tanh_shift;
    const int16_t *curve_q16; /* [513] */
};

/* Every factor from a product to Q3.12 is below one half. */
void nn_dsp_lstm(const struct nn_dsp_lstm *layer, const int8_t *input, int8_t *hidden, int8_t *cell,
                 uint32_t *scratch, int8_t *output);

/* Any factors. */
void nn_dsp_lstm_any(const struct nn_dsp_lstm *layer, const int8_t *input, int8_t *hidden,
                     int8_t *cell, uint32_t *scratch, int8_t *output);

#endif
