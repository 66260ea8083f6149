/* tflm_driver.c: runs one network over stdin in two arenas, for the tests of engine=tflm.
 *
 * Reads all calls, then writes the outputs of three runs: in one arena the calls in their order,
 * at the same time in another arena in the opposite order, and then again in the first, restarted.
 * Both arenas start with bytes that mean nothing. Exit code 2: init() refuses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

extern const struct nn_model MODEL;

enum { MOST = 1 << 20 };

static unsigned char calls[MOST];
static unsigned char outputs[3][MOST];

static size_t bytes_of(const struct nn_tensor *tensors, uint32_t count) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes += tensors[i].bytes;
    }
    return bytes;
}

static bool run(void *arena, const unsigned char *in, unsigned char *out) {
    for (uint32_t i = 0; i < MODEL.inputs; in += MODEL.input[i].bytes, i++) {
        memcpy(MODEL.input_data(arena, i), in, MODEL.input[i].bytes);
    }
    if (!MODEL.invoke(arena)) {
        return false;
    }
    for (uint32_t i = 0; i < MODEL.outputs; out += MODEL.output[i].bytes, i++) {
        memcpy(out, MODEL.output_data(arena, i), MODEL.output[i].bytes);
    }
    return true;
}

static int three_runs(void *one, void *other, size_t count, size_t in, size_t out) {
    memset(one, 0xa5, MODEL.arena_bytes);
    memset(other, 0x5a, MODEL.arena_bytes);
    if (!MODEL.init(one) || !MODEL.init(other)) {
        return MODEL.invoke(one) ? 3 : 2;
    }
    for (size_t i = 0; i < count; i++) {
        if (!run(one, &calls[i * in], &outputs[0][i * out]) ||
            !run(other, &calls[(count - 1 - i) * in], &outputs[1][i * out])) {
            return 4;
        }
    }
    if (!MODEL.init(one)) {
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        if (!run(one, &calls[i * in], &outputs[2][i * out])) {
            return 4;
        }
    }
    return MODEL.input_data(one, MODEL.inputs) == NULL &&
                   MODEL.output_data(one, MODEL.outputs) == NULL
               ? 0
               : 5;
}

int main(void) {
    const size_t in = bytes_of(MODEL.input, MODEL.inputs);
    const size_t out = bytes_of(MODEL.output, MODEL.outputs);
    const size_t count = fread(calls, 1, MOST, stdin) / in;
    /* From the heap, at their exact size, so that a sanitizer sees every stray access. */
    void *const one = malloc(MODEL.arena_bytes);
    void *const other = malloc(MODEL.arena_bytes);
    int result = 3;
    if (one != NULL && other != NULL && count * out <= MOST) {
        result = three_runs(one, other, count, in, out);
    }
    for (size_t i = 0; i < 3 && result == 0; i++) {
        fwrite(outputs[i], 1, count * out, stdout);
    }
    free(one);
    free(other);
    return result;
}
