#include "frontier.h"

#include <string.h>

_Static_assert(sizeof(struct frontier_node) == 24, "as frontier.h says");

void frontier_clear(struct frontier *frontier, int32_t threshold_q8) {
    frontier->threshold_q8 = threshold_q8;
    frontier->count = 0;
    memset(frontier->buckets, 0xFF, sizeof frontier->buckets);
    memset(frontier->states, 0, sizeof frontier->states);
}

static void mark(uint32_t *bits, uint32_t index) {
    bits[index / 32] |= 1u << index % 32;
}

/* The first bit that is set, from start on; end, if there is none before it. */
static uint32_t next_bit(const uint32_t *bits, uint32_t start, uint32_t end) {
    if (start >= end) {
        return end;
    }
    uint32_t word = bits[start / 32] >> start % 32 << start % 32;
    uint32_t base = start - start % 32;
    while (word == 0) {
        base += 32;
        if (base >= end) {
            return end;
        }
        word = bits[base / 32];
    }
    const uint32_t bit = base + (uint32_t)__builtin_ctz(word);
    return bit < end ? bit : end;
}

/* The last bit that is set, before end; false if there is none. */
static bool last_bit(const uint32_t *bits, uint32_t end, uint32_t *bit) {
    uint32_t word = end % 32 == 0 ? 0 : bits[end / 32] << (32 - end % 32) >> (32 - end % 32);
    uint32_t base = end - end % 32;

    while (word == 0) {
        if (base == 0) {
            return false;
        }
        base -= 32;
        word = bits[base / 32];
    }
    *bit = base + 31u - (uint32_t)__builtin_clz(word);
    return true;
}

static bool is_at(const struct frontier_node *node, uint32_t state, uint32_t context) {
    return node->state == state && node->context == context;
}

static struct frontier_node *node_at(struct frontier *frontier, uint32_t state, uint32_t context) {
    uint16_t *bucket = &frontier->buckets[state % FRONTIER_BUCKETS];
    uint16_t index = *bucket;

    while (index != FRONTIER_NONE && !is_at(&frontier->nodes[index], state, context)) {
        index = frontier->nodes[index].next;
    }
    if (index != FRONTIER_NONE) {
        return &frontier->nodes[index];
    }
    if (frontier->count == FRONTIER_NODES) {
        frontier->lost++;
        return NULL;
    }
    struct frontier_node *node = &frontier->nodes[frontier->count];
    node->best = node->other = (struct frontier_arrival){.score_q8 = FRONTIER_DEAD};
    node->state = (uint16_t)state;
    node->context = (uint16_t)context;
    node->next = *bucket;
    *bucket = (uint16_t)frontier->count++;
    mark(frontier->states, state);
    return node;
}

void frontier_add(struct frontier *frontier, uint32_t state, uint32_t context,
                  const struct frontier_arrival *arrival) {
    if (arrival->score_q8 < frontier->threshold_q8) {
        return;
    }
    struct frontier_node *node = node_at(frontier, state, context);
    if (node == NULL) {
        return;
    }
    if (arrival->score_q8 > node->best.score_q8) {
        if (arrival->phoneme != node->best.phoneme) {
            node->other = node->best;
        }
        node->best = *arrival;
    } else if (arrival->phoneme != node->best.phoneme && arrival->score_q8 > node->other.score_q8) {
        node->other = *arrival;
    }
}

/* What has arrived at a node goes on to another, at a cost. */
static void pass_on(struct frontier *frontier, const struct frontier_node *from, uint32_t state,
                    uint32_t context, int32_t cost_q8, uint32_t returns) {
    struct frontier_arrival best = from->best, other = from->other;

    best.score_q8 -= cost_q8;
    best.returns = (uint8_t)(best.returns + returns);
    frontier_add(frontier, state, context, &best);
    if (other.score_q8 != FRONTIER_DEAD) {
        other.score_q8 -= cost_q8;
        other.returns = (uint8_t)(other.returns + returns);
        frontier_add(frontier, state, context, &other);
    }
}

static void return_from(struct frontier *frontier, const struct domain_network *network,
                        const struct frontier_node *node, struct frontier_arrival *phrase) {
    const struct domain *domain = frontier->domain;
    const uint32_t end = domain_first_arc(domain, node->state + 1u);

    for (uint32_t arc = domain_first_arc(domain, node->state);
         arc < end && domain_label(domain, arc) == 0; arc++) {
        const int32_t cost_q8 = frontier_cost_q8(frontier, arc);
        const uint32_t target = domain_target(domain, arc);
        if (target != DOMAIN_NONE) {
            pass_on(frontier, node, target, node->context, cost_q8, 0);
        } else if (network->first_state == 0) {
            if (node->best.score_q8 - cost_q8 > phrase->score_q8) {
                *phrase = node->best;
                phrase->score_q8 -= cost_q8;
            }
        } else {
            const struct domain_site site =
                domain_site(domain, domain_site_of_context(domain, network, node->context));
            const uint32_t context = (uint32_t)node->context - site.first_context;
            pass_on(frontier, node, site.target, context, cost_q8, 1);
        }
    }
}

struct frontier_arrival frontier_return(struct frontier *frontier) {
    const struct domain *domain = frontier->domain;
    struct frontier_arrival phrase = {.score_q8 = FRONTIER_DEAD};
    uint32_t end = domain->state_count, state = 0;

    while (last_bit(frontier->states, end, &state)) {
        const struct domain_network network =
            domain_network(domain, domain_network_of_state(domain, state));
        for (state = next_bit(frontier->states, network.first_state, end); state < end;
             state = next_bit(frontier->states, state + 1, end)) {
            /* Nothing arrives at this state any more: its nodes stay as they are. */
            for (uint16_t i = frontier->buckets[state % FRONTIER_BUCKETS]; i != FRONTIER_NONE;
                 i = frontier->nodes[i].next) {
                if (frontier->nodes[i].state == state) {
                    return_from(frontier, &network, &frontier->nodes[i], &phrase);
                }
            }
        }
        end = network.first_state;
    }
    return phrase;
}

uint32_t frontier_call(struct frontier *frontier, uint16_t index) {
    const struct domain *domain = frontier->domain;
    const struct frontier_node *node = &frontier->nodes[index];
    const uint32_t end = domain_first_arc(domain, node->state + 1u);
    uint32_t arc = domain_first_arc(domain, node->state);

    for (; arc < end; arc++) {
        const uint32_t label = domain_label(domain, arc);
        const uint32_t target = domain_target(domain, arc);
        if (label > domain->site_count) {
            break;
        }
        if (label == 0) {
            if (target != DOMAIN_NONE) {
                pass_on(frontier, node, target, node->context, frontier_cost_q8(frontier, arc), 0);
            }
            continue;
        }
        const struct domain_site site = domain_site(domain, label - 1);
        const struct domain_network callee =
            domain_network(domain, domain_network_of_site(domain, label - 1));
        pass_on(frontier, node, callee.first_state, (uint32_t)site.first_context + node->context,
                frontier_cost_q8(frontier, arc), 0);
    }
    return arc;
}

static uint16_t of_state(const struct frontier *frontier, uint16_t index, uint32_t state) {
    while (index != FRONTIER_NONE && frontier->nodes[index].state != state) {
        index = frontier->nodes[index].next;
    }
    return index;
}

uint16_t frontier_next(const struct frontier *frontier, uint16_t index) {
    const uint32_t end = frontier->domain->state_count;
    uint32_t from = 0;

    if (index != FRONTIER_NONE) {
        const uint32_t state = frontier->nodes[index].state;
        const uint16_t next = of_state(frontier, frontier->nodes[index].next, state);
        if (next != FRONTIER_NONE) {
            return next;
        }
        from = state + 1;
    }
    const uint32_t state = next_bit(frontier->states, from, end);
    return state == end ? FRONTIER_NONE
                        : of_state(frontier, frontier->buckets[state % FRONTIER_BUCKETS], state);
}
