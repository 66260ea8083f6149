#include "dsp/lstm.h"

#include <stdbool.h>
#include <string.h>

#include "dsp/expand.h"
#include "dsp/group_asm.h"

/* So that what two functions share is compiled for each. */
#define SPECIALIZED static inline __attribute__((always_inline))

/* An expanded row. */
struct row {
    const nn_pair *pairs;
    int32_t blocks;
    int32_t correction;
};

#if NN_DSP

// clang-format off
__attribute__((naked, noinline)) static const int32_t *
run(__attribute__((unused)) const int32_t *stream,
    __attribute__((unused)) const struct nn_dsp_group *group,
    __attribute__((unused)) int32_t units, __attribute__((unused)) int32_t *sums) {
    __asm volatile(
        "   push {r4-r11, lr} \n"
        "   ldm r1, {r4-r7} \n"
        "   sub sp, sp, #16 \n"
        NN_DSP_GROUP_ENTRY("r6")
        "   stm sp, {r4-r7} \n"
        "   mov r12, r2 \n"
        "   mov lr, r3 \n"
        "1: \n"
        NN_DSP_GROUP_SUMS
        "   stm lr!, {r8-r11} \n"
        "   subs r12, r12, #1 \n"
        "   bne.w 1b \n"
        "   add sp, sp, #16 \n"
        "   pop {r4-r11, pc} \n");
}
// clang-format on

/* The row times the weights of so many units, to sums[units][NN_LSTM_GATES]; returns the stream
 * behind them. */
static const int32_t *multiply(const struct row *row, const int32_t *stream, int32_t units,
                               int32_t *sums) {
    const struct nn_dsp_group group = {row->pairs, row->pairs + 2 * row->blocks,
                                       nn_dsp_group_back(row->blocks), row->correction};
    return run(stream, &group, units, sums);
}

#else

static const int32_t *multiply(const struct row *row, const int32_t *stream, int32_t units,
                               int32_t *sums) {
    for (; units > 0; units--) {
        for (int32_t gate = 0; gate < NN_LSTM_GATES; gate++) {
            int32_t acc = nn_wrapped(stream[gate], row->correction);
            for (int32_t block = 0; block < row->blocks; block++) {
                const uint32_t w = (uint32_t)stream[NN_LSTM_GATES * (1 + block) + gate];
                acc = nn_smlad(w, row->pairs[2 * block], acc);
                acc = nn_smlad(nn_sxtb16_odd(w), row->pairs[2 * block + 1], acc);
            }
            *sums++ = acc;
        }
        stream += NN_LSTM_GATES * (1 + row->blocks);
    }
    return stream;
}

#endif

/* A factor may be of one half and above only if `any`. */
SPECIALIZED int32_t in_q12(int32_t sum, const struct nn_dsp_lstm_scale *scale, bool any) {
    const int32_t shifted = any ? (int32_t)((uint32_t)sum << scale->left) : sum;
    const int32_t first = nn_smmlar(shifted, scale->twice_less_one, shifted);
    // cppcheck-suppress shiftTooManyBitsSigned
    const int32_t away = nn_wrapped(first, first >> 31);
    return nn_ssat16(nn_smmlsr(away, scale->minus_power, any ? first & scale->once : 0));
}

/* A gate in Q3.12: both products of one sum each. */
SPECIALIZED int32_t gate_of(const struct nn_dsp_lstm *layer, bool any, const int32_t *across,
                            const int32_t *back, int32_t gate) {
    return nn_ssat16(in_q12(across[gate], &layer->across.scale[gate], any) +
                     in_q12(back[gate], &layer->back.scale[gate], any));
}

SPECIALIZED int32_t rescaled(int32_t value, const int32_t scale[2]) {
    const struct nn_dsp_scale pair = {scale[0], scale[1]};
    return nn_dsp_rescale(value, pair, 0);
}

/* start and the curve at `place`, which has so many bits right of the point. What lies left of the
 * middle is TFLite's complement of what lies right of it: less by one. */
SPECIALIZED int32_t on_curve(const struct nn_dsp_lstm *layer, int32_t place, int32_t bits,
                             int32_t start) {
    const uint32_t one = 1u << bits;
    const uint32_t fraction = (uint32_t)place & (one - 1u);
    const nn_pair neighbours = nn_word(layer->curve_q16 + NN_DSP_LSTM_MIDDLE + (place >> bits));
    // cppcheck-suppress shiftTooManyBitsSigned
    return nn_smlad(neighbours, one + 0xFFFFu * fraction, start) + (place >> 31);
}

/* In Q0.15, of a value in Q3.12, which stays within three quarters of the curve. */
SPECIALIZED int32_t sigmoid(const struct nn_dsp_lstm *layer, int32_t value) {
    return on_curve(layer, 3 * value, 9, (1 << 24) + (1 << 9)) >> 10;
}

/* In Q0.15, of a place with eight bits right of the point. */
SPECIALIZED int32_t tanh_at(const struct nn_dsp_lstm *layer, int32_t place) {
    return on_curve(layer, nn_ssat17(place), 8, 1 << 7) >> 8;
}

SPECIALIZED int8_t next_unit(const struct nn_dsp_lstm *layer, bool any, const int32_t *across,
                             const int32_t *back, int16_t *cell) {
    const int32_t forget = sigmoid(layer, gate_of(layer, any, across, back, NN_LSTM_FORGET));
    const int32_t kept = rescaled(forget * *cell, layer->kept);
    const int32_t ingate = sigmoid(layer, gate_of(layer, any, across, back, NN_LSTM_INPUT));
    const int32_t content = tanh_at(layer, 3 * gate_of(layer, any, across, back, NN_LSTM_CONTENT));
    const int32_t gained = nn_ssat16(rescaled(ingate * content, layer->gained));
    const int32_t outgate = sigmoid(layer, gate_of(layer, any, across, back, NN_LSTM_OUTPUT));
    int32_t next = nn_ssat16(nn_ssat16(kept) + gained);

    if (layer->cell_clip >= 0) {
        next = next > layer->cell_clip    ? layer->cell_clip
               : next < -layer->cell_clip ? -layer->cell_clip
                                          : next;
    }
    *cell = (int16_t)next;
    const int32_t shift = layer->tanh_shift;
    const int32_t round = (1 << shift) >> 1;
    const int32_t place = (next * layer->tanh_multiplier + round) >> shift;
    const struct nn_dsp_scale shown = {layer->shown[0], layer->shown[1]};
    return nn_dsp_requantize(tanh_at(layer, place) * outgate, shown, layer->hidden_zero);
}

SPECIALIZED void step(const struct nn_dsp_lstm *layer, bool any, const struct row *input,
                      const struct row *hidden, int32_t *sums, int8_t *cell, int8_t *output) {
    const int32_t *across = layer->across.stream;
    const int32_t *back = layer->back.stream;
    int32_t *const back_sums = sums + NN_DSP_LSTM_SUMS / 2;

    for (int32_t left = layer->units; left > 0; left -= NN_DSP_LSTM_UNITS) {
        const int32_t units = left < NN_DSP_LSTM_UNITS ? left : NN_DSP_LSTM_UNITS;
        across = multiply(input, across, units, sums);
        back = multiply(hidden, back, units, back_sums);
        for (int32_t i = 0; i < units * NN_LSTM_GATES; i += NN_LSTM_GATES) {
            int16_t value;
            memcpy(&value, cell, sizeof value);
            *output++ = next_unit(layer, any, sums + i, back_sums + i, &value);
            memcpy(cell, &value, sizeof value);
            cell += sizeof value;
        }
    }
}

SPECIALIZED void lstm(const struct nn_dsp_lstm *layer, bool any, const int8_t *input,
                      int8_t *hidden, int8_t *cell, uint32_t *scratch, int8_t *output) {
    nn_pair *const across = scratch + NN_DSP_LSTM_SUMS;
    struct row seen = {.pairs = across, .blocks = nn_dsp_blocks(layer->depth)};
    nn_pair *const back = across + 2 * seen.blocks;
    struct row last = {.pairs = back, .blocks = nn_dsp_blocks(layer->units)};

    for (int32_t batch = 0; batch < layer->batches; batch++) {
        const int8_t *shown = hidden;
        for (int32_t i = 0; i < layer->steps; i++) {
            const int32_t row = batch * layer->batch_stride + i * layer->step_stride;
            seen.correction = nn_dsp_expand(input + row * layer->depth, layer->depth, across, 1, 2);
            last.correction = nn_dsp_expand(shown, layer->units, back, 1, 2);
            int8_t *const next = output + row * layer->units;
            step(layer, any, &seen, &last, (int32_t *)scratch, cell, next);
            shown = next;
        }
        memcpy(hidden, shown, (size_t)layer->units);
        hidden += layer->units;
        cell += layer->units * (int32_t)sizeof(int16_t);
    }
}

void nn_dsp_lstm(const struct nn_dsp_lstm *layer, const int8_t *input, int8_t *hidden, int8_t *cell,
                 uint32_t *scratch, int8_t *output) {
    lstm(layer, false, input, hidden, cell, scratch, output);
}

void nn_dsp_lstm_any(const struct nn_dsp_lstm *layer, const int8_t *input, int8_t *hidden,
                     int8_t *cell, uint32_t *scratch, int8_t *output) {
    lstm(layer, true, input, hidden, cell, scratch, output);
}
