/* mve/bytes.h: short runs of bytes, copied and filled without a call or a byte too many.
 *
 * Owns: nothing. Costs: 1 instruction, and 3 for every 16 bytes.
 */
#ifndef EARSHOT_NN_MVE_BYTES_H
#define EARSHOT_NN_MVE_BYTES_H

#include <arm_mve.h>
#include <stdint.h>

#include "ring.h"

static inline void nn_mve_copy(int8_t *to, const int8_t *from, int32_t count) {
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1: vldrb.u8 q0, [%[from]], #16\n"
                   "vstrb.8 q0, [%[to]], #16\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [to] "+r"(to), [from] "+r"(from)
                   : [count] "r"(count)
                   : "lr", "q0", "memory");
}

/* From an image that the ring's end may cut in two. */
static inline void nn_mve_copy_ring(int8_t *to, const int8_t *image, struct nn_ring ring,
                                    int32_t offset, int32_t count) {
    const int32_t room = ring.left - offset;
    if (room > 0 && room < count) {
        nn_mve_copy(to, image + offset, room);
        to += room;
        offset = ring.left;
        count -= room;
    }
    nn_mve_copy(to, image + nn_ring_at(ring, offset), count);
}

static inline void nn_mve_fill(int8_t *to, int8_t value, int32_t count) {
    __asm volatile("vdup.8 q0, %[value]\n"
                   "wlstp.8 lr, %[count], 2f\n"
                   "1: vstrb.8 q0, [%[to]], #16\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [to] "+r"(to)
                   : [value] "r"(value), [count] "r"(count)
                   : "lr", "q0", "memory");
}

#endif
