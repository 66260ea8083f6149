/* frontier.h: where paths stand between two words: states of the domain's networks, each in a
 * context, and what arrives there in one frame.
 *
 * The next phoneme decides which arrival counts: one that ends in a blank, or in another phoneme,
 * may go on at once, one in the same phoneme may not (CTC). So a node keeps its best arrival, and
 * the best of those that end otherwise; with these two, nothing is lost.
 *
 * The domain's numbering gives the order: first returns, from the last network to the first, then
 * calls, from the first state to the last. Each node is met once, with all that arrives at it.
 *
 * Owns: struct frontier (13.3 KiB), its owner's. Costs: within decoder.h's figures.
 */
#ifndef EARSHOT_FRONTIER_H
#define EARSHOT_FRONTIER_H

#include <stdbool.h>
#include <stdint.h>

#include "domain.h"

enum frontier_size {
    FRONTIER_NODES = 512,
    FRONTIER_BUCKETS = 128,
    FRONTIER_NONE = 0xFFFF,
};

/* No path: far below any score, and far enough from what an int32_t holds. */
#define FRONTIER_DEAD (INT32_MIN / 2)

struct frontier_arrival {
    int32_t score_q8;
    uint16_t history;
    uint8_t phoneme; /* class of its last frame: 0 is the blank */
    uint8_t returns; /* networks left since its last word */
};

struct frontier_node {
    struct frontier_arrival best, other; /* other ends in another class */
    uint16_t state, context;
    uint16_t next; /* of the bucket */
};

struct frontier {
    const struct domain *domain;
    int32_t scale_q5;     /* of the domain's costs */
    int32_t threshold_q8; /* what is below it is left out */
    uint32_t lost;        /* arrivals that found no room */
    uint32_t count;
    struct frontier_node nodes[FRONTIER_NODES];
    uint16_t buckets[FRONTIER_BUCKETS];
    uint32_t states[DOMAIN_STATES_MAX / 32]; /* bits: those that have nodes */
};

/* A cost in Q8, positive for what is unlikely. */
static inline int32_t frontier_cost_q8(const struct frontier *frontier, uint32_t arc) {
    return domain_cost_q3(frontier->domain, arc) * frontier->scale_q5;
}

void frontier_clear(struct frontier *frontier, int32_t threshold_q8);

void frontier_add(struct frontier *frontier, uint32_t state, uint32_t context,
                  const struct frontier_arrival *arrival);

/* Follows epsilons and returns from all nodes; the best arrival at the end of a phrase, which is
 * dead if there is none. */
struct frontier_arrival frontier_return(struct frontier *frontier);

/* Follows the epsilons and calls of a node's state; the first of its arcs that is a word. */
uint32_t frontier_call(struct frontier *frontier, uint16_t node);

/* The next node in the order of the states, first with FRONTIER_NONE; then FRONTIER_NONE. */
uint16_t frontier_next(const struct frontier *frontier, uint16_t node);

#endif
