/* runner.h: the seam between the fuzz's runner and where it runs.
 *
 * runner.c reads calls, runs networks, and writes what came out; a port (desk.c, cortexm.c) moves
 * the bytes, gives each network its memory, and says whether anything beside it was touched.
 *
 * Costs: nothing beyond the port's buffers. Not for firmware: it lives in the tests.
 */
#ifndef FUZZ_RUNNER_H
#define FUZZ_RUNNER_H

#include "engine.h"

/* Written by the Python side, with the networks of one image. */
extern const struct nn_model *const runner_networks[];
extern const uint32_t runner_network_count;

/* Bits of the word before each call's outputs. */
enum {
    RUNNER_FAILED = 1,       /* invoke() or init() said no */
    RUNNER_WROTE_BEFORE = 2, /* the arena's neighbours have changed */
    RUNNER_WROTE_BEHIND = 4,
};

/* Reads and writes whole pieces: 0, 1 and 2 as exit codes for well, out of step, no memory. */
int runner_run(void);

/* False at the end of the input. */
bool port_read(void *data, uint32_t bytes);
void port_write(const void *data, uint32_t bytes);
/* Memory of this very size, aligned to 16 bytes and filled with rubbish; NULL if there is none. */
int8_t *port_arena(uint32_t bytes);
/* RUNNER_WROTE_ bits; frees nothing. */
uint32_t port_trespasses(void);
/* Bytes of stack since the last port_arena(), 0 where nobody can tell. */
uint32_t port_stack_bytes(void);

#endif
