#include "lstm.h"

#include <string.h>

/* sigmoid and tanh saturate from this entry of the table on. */
#define LAST_ENTRY 255

static int32_t clamp16(int32_t value) {
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

static int32_t scaled(const struct nn_lstm_scale *scale, int32_t value) {
    return nn_requantize(value, scale->multiplier, scale->shift);
}

/* The table at `place`, between its entries; fraction_bits of place are right of the point. */
static int32_t interpolated(const uint16_t *table, uint32_t place, uint32_t fraction_bits) {
    const uint32_t entry = place >> fraction_bits;
    const uint32_t fraction = place & ((1u << fraction_bits) - 1u);
    const uint32_t rise = (uint32_t)(table[entry + 1] - table[entry]);
    return (int32_t)(((uint32_t)table[entry] << fraction_bits) + fraction * rise);
}

/* In Q0.15, of a value in Q3.12; the table is walked in steps of a third. */
static int32_t sigmoid(const struct nn_lstm *layer, int32_t value) {
    const int32_t place = 3 * value;
    const uint32_t distance = (uint32_t)(place < 0 ? -place : place);
    const int32_t above_q25 = (distance >> 9) >= LAST_ENTRY
                                  ? INT16_MAX << 10
                                  : interpolated(layer->sigmoid_q16, distance, 9);
    const int32_t result_q25 = place >= 0 ? above_q25 : (1 << 25) - above_q25 - 1;
    return (result_q25 + (1 << 9)) >> 10;
}

/* In Q0.15, of a place in the table with eight bits right of the point: 2 sigmoid(2 x) - 1. */
static int32_t tanh_at(const struct nn_lstm *layer, int32_t place) {
    const uint32_t distance = (uint32_t)(place < 0 ? -place : place);
    const int32_t above_q24 = (distance >> 8) >= LAST_ENTRY
                                  ? UINT16_MAX << 8
                                  : interpolated(layer->sigmoid_q16, distance, 8);
    const int32_t result_q23 = place >= 0 ? above_q24 - (1 << 23) : (1 << 23) - above_q24 - 1;
    return (result_q23 + (1 << 7)) >> 8;
}

static int32_t tanh_of_cell(const struct nn_lstm *layer, int32_t cell) {
    const int32_t shift = layer->tanh_shift;
    const int32_t round = shift > 0 ? 1 << (shift - 1) : 0;
    return tanh_at(layer, (cell * layer->tanh_multiplier + round) >> shift);
}

static void multiply(const struct nn_lstm_product *product, const int8_t *values, int32_t depth,
                     int32_t unit, int32_t results[NN_LSTM_GATES]) {
    const int8_t *w = product->weights + unit * depth * NN_LSTM_GATES;
    const int32_t *bias = product->bias + unit * NN_LSTM_GATES;
    int32_t acc[NN_LSTM_GATES] = {bias[0], bias[1], bias[2], bias[3]};

    for (int32_t i = 0; i < depth; i++) {
        const int32_t x = values[i];
        acc[0] += x * w[0];
        acc[1] += x * w[1];
        acc[2] += x * w[2];
        acc[3] += x * w[3];
        w += NN_LSTM_GATES;
    }
    for (int gate = 0; gate < NN_LSTM_GATES; gate++) {
        const int32_t value =
            nn_requantize(acc[gate], product->multiplier[gate], product->shift[gate]);
        results[gate] = clamp16(value);
    }
}

static int8_t next_unit(const struct nn_lstm *layer, const int8_t *input, const int8_t *hidden,
                        int32_t unit, int16_t *cell) {
    int32_t across[NN_LSTM_GATES];
    int32_t gate[NN_LSTM_GATES];
    multiply(&layer->across, input, layer->depth, unit, across);
    multiply(&layer->back, hidden, layer->units, unit, gate);
    for (int i = 0; i < NN_LSTM_GATES; i++) {
        gate[i] = clamp16(gate[i] + across[i]);
    }
    const int32_t forget = sigmoid(layer, gate[NN_LSTM_FORGET]);
    const int32_t ingate = sigmoid(layer, gate[NN_LSTM_INPUT]);
    const int32_t content = tanh_at(layer, 3 * gate[NN_LSTM_CONTENT]);
    const int32_t outgate = sigmoid(layer, gate[NN_LSTM_OUTPUT]);
    const int32_t kept = clamp16(scaled(&layer->kept, forget * *cell));
    int32_t next = clamp16(kept + clamp16(scaled(&layer->gained, ingate * content)));

    if (layer->cell_clip >= 0) {
        next = next > layer->cell_clip    ? layer->cell_clip
               : next < -layer->cell_clip ? -layer->cell_clip
                                          : next;
    }
    *cell = (int16_t)next;
    const int32_t shown = scaled(&layer->shown, tanh_of_cell(layer, next) * outgate);
    return nn_clamp(shown + layer->hidden_zero, INT8_MIN, INT8_MAX);
}

void nn_lstm(const struct nn_lstm *layer, const int8_t *input, int8_t *hidden, int8_t *cell,
             int8_t *output) {
    const size_t units = (size_t)layer->units;

    for (int32_t batch = 0; batch < layer->batches; batch++) {
        for (int32_t step = 0; step < layer->steps; step++) {
            const int32_t row = batch * layer->batch_stride + step * layer->step_stride;
            int8_t *shown = output + row * layer->units;
            for (int32_t unit = 0; unit < layer->units; unit++) {
                int16_t value;
                int8_t *place = cell + unit * (int32_t)sizeof value;
                memcpy(&value, place, sizeof value);
                shown[unit] = next_unit(layer, input + row * layer->depth, hidden, unit, &value);
                memcpy(place, &value, sizeof value);
            }
            memcpy(hidden, shown, units); /* only now: every unit has seen the last one */
        }
        hidden += units;
        cell += units * sizeof(int16_t);
    }
}
