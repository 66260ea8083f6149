/* bench.h: four calls of a network on inputs that are the same everywhere.
 *
 * Inputs are the top bytes of xorshift32 from 0x12345678, running on through the calls.
 */
#ifndef EARSHOT_NN_BENCH_H
#define EARSHOT_NN_BENCH_H

#include <stdint.h>

#include "engine.h"

struct bench_result {
    uint32_t second; /* what `now` counted during the second call */
    uint32_t crc32;  /* of the outputs of all four */
};

struct bench_result bench_run(const struct nn_model *model, void *arena, uint32_t (*now)(void));

#endif
