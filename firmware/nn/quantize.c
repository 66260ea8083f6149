#include "quantize.h"

#include <string.h>

#include "requantize.h"

/* So many steps saturate int8, whatever the zero point. */
#define FAR 512

static int32_t rounded(float steps) {
    if (steps >= -FAR && steps <= FAR) {
        const int32_t whole = (int32_t)steps;
        const float rest = steps - (float)whole;
        return whole + (rest >= 0.5f) - (rest <= -0.5f);
    }
    return steps > FAR ? FAR : steps < -FAR ? -FAR : 0;
}

void nn_quantize(const struct nn_affine *affine, const int8_t *input, int32_t count,
                 int8_t *output) {
    for (int32_t i = 0; i < count; i++) {
        float real;
        memcpy(&real, input, sizeof real);
        input += sizeof real;
        output[i] = nn_clamp(rounded(real / affine->scale) + affine->zero, INT8_MIN, INT8_MAX);
    }
}

void nn_dequantize(const struct nn_affine *affine, const int8_t *input, int32_t count,
                   int8_t *output) {
    for (int32_t i = 0; i < count; i++) {
        const float real = affine->scale * (float)(input[i] - affine->zero);
        memcpy(output, &real, sizeof real);
        output += sizeof real;
    }
}
