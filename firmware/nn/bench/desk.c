/* desk.c: the benchmark on this computer. Prints nanoseconds a call, the least of many, and CRC-32.
 */
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <time.h>

#include "bench.h"

#define TRIES 50
#define CALLS 20

extern const struct nn_model MODEL;

static _Alignas(16) int8_t arena[ARENA_BYTES];

static uint32_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint32_t)time.tv_sec * 1000000000u + (uint32_t)time.tv_nsec;
}

int main(void) {
    const struct bench_result result = bench_run(&MODEL, arena, nanoseconds);
    uint32_t least = UINT32_MAX;
    for (int try = 0; try < TRIES; try++) {
        const uint32_t start = nanoseconds();
        for (int call = 0; call < CALLS; call++) {
            MODEL.invoke(arena);
        }
        const uint32_t taken = nanoseconds() - start;
        least = taken < least ? taken : least;
    }
    printf("%u %u\n", least / CALLS, result.crc32);
    return 0;
}
