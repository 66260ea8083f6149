/* engine.h: the seam between the pipeline and whatever runs a network.
 *
 * modelc emits one `const struct nn_model NAME_model` a network (engine=earshot); nn/tflm/engine.cc
 * gives the same struct on a TFLite Micro library (engine=tflm). All memory is the caller's: an
 * arena of arena_bytes, 16-byte aligned, that holds activations, state and scratch. Two arenas are
 * two independent instances.
 *
 * Streaming state (an input NAME and an output NAME_out of one shape and scale, or a variable of
 * the model) lives in the arena and is carried by invoke() itself: a caller only sees the other
 * tensors. Where those lie may change from call to call: ask input_data() after init() and after
 * each invoke(), and output_data() after each invoke().
 */
#ifndef EARSHOT_ENGINE_H
#define EARSHOT_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

enum nn_type {
    NN_INT8 = 0,
    NN_UINT8 = 1,
    NN_FLOAT32 = 2, /* IEEE single precision in the core's byte order, at a multiple of 4 bytes */
};

struct nn_tensor {
    const char *name;
    uint32_t bytes; /* one a value, four a value of NN_FLOAT32 */
    enum nn_type type;
    int32_t zero_point; /* neither this nor the next for NN_FLOAT32 */
    /* value = zero_point + round(x_q8 * from_q8_q16 / 65536), for a real value x given in Q8. */
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
    /* Sets every state in the arena to its first value: its zero point, if the model names no
     * other. False if the engine cannot run. */
    bool (*init)(void *arena);
    bool (*invoke)(void *arena);
    /* The tensor's first byte; between two calls of invoke() an input keeps nothing. */
    int8_t *(*input_data)(void *arena, uint32_t index);
    const int8_t *(*output_data)(const void *arena, uint32_t index);
};

#endif
