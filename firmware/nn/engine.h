/* engine.h: the seam between the pipeline and whatever runs a network.
 *
 * modelc emits one `const struct nn_model NAME_model` a network (engine=earshot); nn/tflm/engine.cc
 * gives the same struct on a TFLite Micro library (engine=tflm). All memory is the caller's: an
 * arena of arena_bytes, 16-byte aligned, that holds activations, state and scratch. Two arenas are
 * two independent instances.
 *
 * Streaming state (an input NAME and an output NAME_out of one shape and scale) lives in the arena
 * and is carried by invoke() itself: a caller only sees the other tensors.
 */
#ifndef EARSHOT_ENGINE_H
#define EARSHOT_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

struct nn_tensor {
    const char *name;
    uint32_t bytes;
    int32_t zero_point;
    /* int8 = zero_point + round(x_q8 * from_q8_q16 / 65536), for a real value x given in Q8. */
    uint32_t from_q8_q16;
};

struct nn_model {
    const char *name;
    uint32_t crc32; /* of the .tflite file: says which network this is */
    uint32_t arena_bytes;
    uint32_t inputs;
    uint32_t outputs;
    const struct nn_tensor *input; /* without state */
    const struct nn_tensor *output;
    /* Sets every state in the arena to its zero point. False if the engine cannot run. */
    bool (*init)(void *arena);
    bool (*invoke)(void *arena);
    int8_t *(*input_data)(void *arena, uint32_t index);
    const int8_t *(*output_data)(const void *arena, uint32_t index);
};

#endif
