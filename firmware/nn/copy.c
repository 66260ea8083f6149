#include "copy.h"

#include <string.h>

static void copy_line(const struct nn_copy *layout, const int8_t *input, int8_t *output) {
    const int32_t count = layout->shape[3];
    const int32_t from = layout->input_step[3];
    const int32_t to = layout->output_step[3];

    if (from == 1 && to == 1) {
        memcpy(output, input, (size_t)count);
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        output[i * to] = input[i * from];
    }
}

void nn_copy(const struct nn_copy *layout, const int8_t *input, int8_t *output) {
    const int32_t *from = layout->input_step;
    const int32_t *to = layout->output_step;

    for (int32_t i = 0; i < layout->shape[0]; i++) {
        for (int32_t j = 0; j < layout->shape[1]; j++) {
            for (int32_t k = 0; k < layout->shape[2]; k++) {
                copy_line(layout, input + i * from[0] + j * from[1] + k * from[2],
                          output + i * to[0] + j * to[1] + k * to[2]);
            }
        }
    }
}
