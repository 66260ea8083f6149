/* model_driver.c: runs one network over stdin, for the tests.
 *
 * MODEL names the network's struct nn_model. Reads all inputs of a call, writes all outputs, until
 * the input ends. The arena is from the heap, at its exact size, so that a sanitizer sees every
 * stray access. An argument N repeats the first call N times instead and prints nanoseconds a call.
 */
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"

extern const struct nn_model MODEL;

static bool read_inputs(const struct nn_model *model, void *arena) {
    for (uint32_t i = 0; i < model->inputs; i++) {
        const size_t bytes = model->input[i].bytes;
        if (fread(model->input_data(arena, i), 1, bytes, stdin) != bytes) {
            return false;
        }
    }
    return true;
}

static int benchmark(const struct nn_model *model, void *arena, long calls) {
    struct timespec start;
    struct timespec end;
    if (!read_inputs(model, arena)) {
        return 3;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < calls; i++) {
        if (!model->invoke(arena)) {
            return 4;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double ns =
        (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    printf("%.0f\n", ns / (double)calls);
    return 0;
}

int main(int count, char **arguments) {
    const struct nn_model *model = &MODEL;
    int result = 0;
    void *arena = malloc(model->arena_bytes);
    if (arena == NULL || !model->init(arena)) {
        return 2;
    }
    if (model->input_data(arena, model->inputs) != NULL ||
        model->output_data(arena, model->outputs) != NULL) {
        return 5;
    }
    if (count > 1) {
        result = benchmark(model, arena, atol(arguments[1]));
    } else {
        while (read_inputs(model, arena)) {
            if (!model->invoke(arena)) {
                result = 4;
                break;
            }
            for (uint32_t i = 0; i < model->outputs; i++) {
                fwrite(model->output_data(arena, i), 1, model->output[i].bytes, stdout);
            }
        }
    }
    free(arena);
    return result;
}
