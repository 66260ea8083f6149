#include "mve/add.h"

#include "mve/lanes.h"

/* Both inputs gain this many bits before they are brought to one scale, as in TFLite. */
#define HEADROOM 20

enum { LANES = 4 };

/* An addend as the loop keeps it in registers. */
struct source {
    int32_t zero;
    int32_t step;
    struct nn_mve_scale scale;
};

static inline struct source source_of(const struct nn_addend *addend) {
    const struct source source = {addend->zero, addend->step[3],
                                  nn_mve_scale(addend->multiplier, addend->shift)};
    return source;
}

/* The input of the larger scale, if its multiplier is a half, comes out just halved. */
static inline int32x4_t scaled(const struct source *source, const int8_t *from, mve_pred16_t live) {
    const int32x4_t values = source->step == 0 ? vdupq_n_s32(*from) : vldrbq_z_s32(from, live);
    const int32x4_t centred = vshlq_n_s32(vsubq_n_s32(values, source->zero), HEADROOM);
    return nn_mve_requantize_n(centred, &source->scale);
}

static void add_line(const struct nn_add *layer, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct source first = source_of(&layer->first);
    const struct source second = source_of(&layer->second);
    const struct nn_mve_scale scale = nn_mve_scale(layer->multiplier, layer->shift);
    const struct nn_range range = layer->output;

    for (int32_t left = layer->shape[3]; left > 0; left -= LANES) {
        const mve_pred16_t live = vctp32q((uint32_t)left);
        const int32x4_t sum = vaddq_s32(scaled(&first, a, live), scaled(&second, b, live));
        vstrbq_p_s32(output, nn_mve_clamp(nn_mve_requantize_n(sum, &scale), &range), live);
        a += LANES * first.step;
        b += LANES * second.step;
        output += LANES;
    }
}

void nn_mve_add(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    const int32_t *a = layer->first.step;
    const int32_t *b = layer->second.step;

    for (int32_t i = 0; i < layer->shape[0]; i++) {
        for (int32_t j = 0; j < layer->shape[1]; j++) {
            for (int32_t k = 0; k < layer->shape[2]; k++) {
                add_line(layer, first + i * a[0] + j * a[1] + k * a[2],
                         second + i * b[0] + j * b[1] + k * b[2], output);
                output += layer->shape[3];
            }
        }
    }
}
