#include "mve/lstm.h"

#include <arm_mve.h>

#include "mve/bytes.h"
#include "mve/lanes.h"

/* One gate of four units; returns the stream behind its weights. */
static inline const int32_t *multiply(const int32_t *stream, const int8_t *values, int32_t depth,
                                      int32x4_t *sums) {
    int32_t sum0, sum1, sum2, sum3;
    __asm volatile("ldrd %[sum0], %[sum1], [%[w]], #8\n"
                   "ldrd %[sum2], %[sum3], [%[w]], #8\n"
                   "wlstp.8 lr, %[depth], 2f\n"
                   "1: vldrb.u8 q0, [%[x]], #16\n"
                   "vldrb.u8 q1, [%[w]], #16\n"
                   "vmladava.s8 %[sum0], q1, q0\n"
                   "vldrb.u8 q2, [%[w]], #16\n"
                   "vmladava.s8 %[sum1], q2, q0\n"
                   "vldrb.u8 q1, [%[w]], #16\n"
                   "vmladava.s8 %[sum2], q1, q0\n"
                   "vldrb.u8 q2, [%[w]], #16\n"
                   "vmladava.s8 %[sum3], q2, q0\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   "vmov %e[sums], %[sum0], %[sum1]\n"
                   "vmov %f[sums], %[sum2], %[sum3]\n"
                   : [sum0] "=&Te"(sum0), [sum1] "=&Te"(sum1), [sum2] "=&Te"(sum2),
                     [sum3] "=&Te"(sum3), [w] "+&r"(stream), [x] "+&r"(values), [sums] "=w"(*sums)
                   : [depth] "r"(depth)
                   : "lr", "q0", "q1", "q2", "memory");
    return stream;
}

static inline int32x4_t rescaled(int32x4_t values, const struct nn_mve_lstm_scale *scale) {
    const struct nn_mve_scale pair = {scale->multiplier, scale->shift, scale->shifted};
    return nn_mve_requantize_n(values, &pair);
}

static inline int32x4_t in_q12(int32x4_t sums, const struct nn_mve_lstm_scale *scale) {
    return rescaled(vshlq_r_s32(sums, scale->left), scale);
}

/* The sum of two values that are held within 16 bits, as is the sum. */
static inline int32x4_t sum16(int32x4_t a, int32x4_t b) {
    const int16x8_t any = vuninitializedq_s16();
    return vmovlbq_s16(vqaddq_s16(vqmovnbq_s32(any, a), vqmovnbq_s32(any, b)));
}

/* The curve at places that have so many bits right of the point. What lies left of the middle is
 * TFLite's complement of what lies right of it: less by one. */
static inline int32x4_t on_curve(const struct nn_mve_lstm *layer, int32x4_t place, int32_t bits) {
    const int16_t *const middle = layer->curve_q16 + NN_MVE_LSTM_MIDDLE;
    const uint32x4_t entry = vreinterpretq_u32_s32(vshlq_r_s32(place, -bits));
    const int32x4_t fraction = vandq_s32(place, vdupq_n_s32((1 << bits) - 1));
    const int32x4_t from = vldrhq_gather_shifted_offset_s32(middle, entry);
    const int32x4_t to = vldrhq_gather_shifted_offset_s32(middle + 1, entry);
    const int32x4_t rise = vmulq_s32(fraction, vsubq_s32(to, from));
    return vaddq_s32(vmlaq_n_s32(rise, from, 1 << bits), vshrq_n_s32(place, 31));
}

/* In Q0.15, of values in Q3.12, which stay within three quarters of the curve. */
static inline int32x4_t sigmoid(const struct nn_mve_lstm *layer, int32x4_t values) {
    return vaddq_n_s32(vrshrq_n_s32(on_curve(layer, vmulq_n_s32(values, 3), 9), 10), 1 << 14);
}

/* In Q0.15, of places with eight bits right of the point. */
static inline int32x4_t tanh_at(const struct nn_mve_lstm *layer, int32x4_t places) {
    const int32_t end = NN_MVE_LSTM_MIDDLE << 8;
    const int32x4_t within = vmaxq_s32(vminq_s32(places, vdupq_n_s32(end - 1)), vdupq_n_s32(-end));
    return vrshrq_n_s32(on_curve(layer, within, 8), 8);
}

/* Both products of four units. */
struct streams {
    const int32_t *across;
    const int32_t *back;
};

static inline int32x4_t next_gate(const struct nn_mve_lstm *layer, const int8_t *input,
                                  const int8_t *hidden, struct streams *streams, int32_t gate) {
    int32x4_t across, back;
    streams->across = multiply(streams->across, input, layer->depth, &across);
    streams->back = multiply(streams->back, hidden, layer->units, &back);
    return sum16(in_q12(across, &layer->across.scale[gate]),
                 in_q12(back, &layer->back.scale[gate]));
}

static void step(const struct nn_mve_lstm *layer, const int8_t *input, const int8_t *hidden,
                 int16_t *cell, int8_t *output) {
    struct streams streams = {layer->across.stream, layer->back.stream};

    for (int32_t left = layer->units; left > 0; left -= NN_MVE_LSTM_UNITS) {
        const mve_pred16_t live = vctp32q((uint32_t)left);
        int32x4_t gate[NN_LSTM_GATES];
        for (int32_t i = 0; i < NN_LSTM_GATES; i++) {
            gate[i] = next_gate(layer, input, hidden, &streams, i);
        }
        const int32x4_t forget = sigmoid(layer, gate[NN_LSTM_FORGET]);
        const int32x4_t kept = rescaled(vmulq_s32(forget, vldrhq_z_s32(cell, live)), &layer->kept);
        const int32x4_t ingate = sigmoid(layer, gate[NN_LSTM_INPUT]);
        const int32x4_t content = tanh_at(layer, vmulq_n_s32(gate[NN_LSTM_CONTENT], 3));
        const int32x4_t gained = rescaled(vmulq_s32(ingate, content), &layer->gained);
        const int32x4_t next =
            vmaxq_s32(vminq_s32(sum16(kept, gained), vdupq_n_s32(layer->cell_max)),
                      vdupq_n_s32(layer->cell_min));
        vstrhq_p_s32(cell, next, live);
        const int32x4_t place =
            vrshlq_n_s32(vmulq_n_s32(next, layer->tanh_multiplier), -layer->tanh_shift);
        const int32x4_t outgate = sigmoid(layer, gate[NN_LSTM_OUTPUT]);
        const int32x4_t shown = rescaled(vmulq_s32(tanh_at(layer, place), outgate), &layer->shown);
        vstrbq_p_s32(output, nn_mve_clamp(shown, &layer->output), live);
        cell += NN_MVE_LSTM_UNITS;
        output += NN_MVE_LSTM_UNITS;
    }
}

void nn_mve_lstm(const struct nn_mve_lstm *layer, const int8_t *input, int8_t *hidden, int8_t *cell,
                 int8_t *output) {
    int16_t *cells = (int16_t *)(void *)cell;

    for (int32_t batch = 0; batch < layer->batches; batch++) {
        const int8_t *shown = hidden;
        for (int32_t i = 0; i < layer->steps; i++) {
            const int32_t row = batch * layer->batch_stride + i * layer->step_stride;
            int8_t *const next = output + row * layer->units;
            step(layer, input + row * layer->depth, shown, cells, next);
            shown = next;
        }
        nn_mve_copy(hidden, shown, layer->units);
        hidden += layer->units;
        cells += layer->units;
    }
}
