/* desk.c: the runner on this computer, over stdin and stdout.
 *
 * Every arena is from the heap, at its exact size: a sanitizer sees each stray access.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

static int8_t *arena;

bool port_read(void *data, uint32_t bytes) {
    return fread(data, 1, bytes, stdin) == bytes;
}

void port_write(const void *data, uint32_t bytes) {
    fwrite(data, 1, bytes, stdout);
    fflush(stdout); /* what came before a crash is wanted */
}

int8_t *port_arena(uint32_t bytes) {
    free(arena);
    arena = malloc(bytes > 0 ? bytes : 1);
    if (arena != NULL) {
        memset(arena, 0xA5, bytes);
    }
    return arena;
}

uint32_t port_trespasses(void) {
    return 0; /* the sanitizer has ended the program */
}

uint32_t port_stack_bytes(void) {
    return 0;
}

int main(void) {
    const int result = runner_run();
    free(arena);
    return result;
}
