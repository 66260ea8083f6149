/* ring.h: a streaming window that stays where it is: a ring of rows, of which each call overwrites
 * the oldest with its new ones, so that nothing is moved from call to call.
 *
 *   size = 5 rows, step = 1: the window of call 0 is rows 1 2 3 4 0, of call 1 rows 2 3 4 0 1 ...
 *
 * The new rows go to `head`, a multiple of step below size, and step divides size, so that they
 * never cross the ring's end. All lengths are in values (int8).
 *
 * Owns: nothing; a head is four bytes of the network's arena, set to 0 by init().
 */
#ifndef EARSHOT_NN_RING_H
#define EARSHOT_NN_RING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How an image lies in memory, seen from its first row. */
struct nn_ring {
    int32_t left; /* from the first row to the ring's end */
    int32_t size; /* of the ring: what lies past its end lies `size` before */
};

/* An image that lies in one piece. */
#define NN_NO_RING ((struct nn_ring){INT32_MAX, 0})

/* Where the value at `offset` of the image lies, from its first row. */
static inline int32_t nn_ring_at(struct nn_ring ring, int32_t offset) {
    return offset < ring.left ? offset : offset - ring.size;
}

/* `count` values of the image from `offset` on, if they lie in one piece; NULL if the ring's end is
 * among them. */
static inline const int8_t *nn_ring_piece(const int8_t *image, struct nn_ring ring, int32_t offset,
                                          int32_t count) {
    if (offset < ring.left && ring.left - offset < count) {
        return NULL;
    }
    return image + nn_ring_at(ring, offset);
}

/* The place `distance` (at most size) before `place`. */
static inline int32_t nn_ring_before(int32_t place, int32_t distance, int32_t size) {
    return place < distance ? place - distance + size : place - distance;
}

static inline int32_t nn_ring_head(const int8_t *memory) {
    int32_t head;
    memcpy(&head, memory, sizeof head);
    return head;
}

/* At the end of a call: the next one's new rows go behind this one's. */
static inline void nn_ring_advance(int8_t *memory, int32_t head, int32_t step, int32_t size) {
    head += step;
    if (head == size) {
        head = 0;
    }
    memcpy(memory, &head, sizeof head);
}

#endif
