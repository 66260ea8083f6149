#include "detector.h"

#include "quantized.h"

#define ARENA_ALIGNMENT 16u

bool detector_init(struct detector *detector, const struct nn_model *model, void *arena,
                   size_t arena_bytes) {
    detector->model = model;
    detector->arena = arena;
    return model->inputs == 1 && model->input[0].type == NN_INT8 &&
           model->input[0].bytes == DETECTOR_FEATURES && model->outputs == 1 &&
           model->output[0].type == NN_INT8 && model->output[0].bytes == 1 &&
           model->output[0].zero_point == INT8_MIN && model->arena_bytes <= arena_bytes &&
           (uintptr_t)arena % ARENA_ALIGNMENT == 0 && model->init(arena);
}

bool detector_restart(struct detector *detector) {
    return detector->model->init(detector->arena);
}

bool detector_decide(struct detector *detector, const int16_t *logmel_q8, uint8_t *probability_q8) {
    const struct nn_model *model = detector->model;
    int8_t *input = model->input_data(detector->arena, 0);

    for (uint32_t i = 0; i < DETECTOR_FEATURES; i++) {
        input[i] = quantized(logmel_q8[i], &model->input[0]);
    }
    if (!model->invoke(detector->arena)) {
        return false;
    }
    *probability_q8 = (uint8_t)(model->output_data(detector->arena, 0)[0] + 128);
    return true;
}
