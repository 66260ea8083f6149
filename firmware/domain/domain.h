/* domain.h: a compiled domain, read in place.
 *
 * domain_load() checks all of it once, so that the decoder may follow every index, offset and arc
 * without a further look: what it takes may come from anyone, over the link. FORMAT.md has the
 * layout, and binary.py writes it.
 *
 * Owns: struct domain (68 bytes on a 32-bit core), its caller's. It points into the bytes, which
 * must stay as they are, aligned to 4.
 * Costs: domain_load() 19 instructions a byte on a Cortex-M4.
 */
#ifndef EARSHOT_DOMAIN_H
#define EARSHOT_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum domain_limit {
    DOMAIN_BYTES_MAX = 65536,
    DOMAIN_STATES_MAX = 8192,
    DOMAIN_NETWORKS_MAX = 255,
    DOMAIN_DEPTH_MAX = 16,    /* of calls, the root counted */
    DOMAIN_PHONEMES_MAX = 32, /* of a pronunciation */
    DOMAIN_TEXT_MAX = 63,     /* bytes of a string */
    DOMAIN_CLASSES = 40,      /* phonemes.py: the blank, then the phonemes */
    DOMAIN_NONE = 0xFFFF,
    DOMAIN_LAST_PHONEME = 0x80,
};

enum domain_fault {
    DOMAIN_SOUND = 0,
    DOMAIN_NO_DOMAIN = 1,     /* another kind of file */
    DOMAIN_OTHER_VERSION = 2, /* of the format */
    DOMAIN_DAMAGED = 3,       /* length or checksum */
    DOMAIN_CONTRADICTORY = 4, /* intact, but no compiler made it */
};

enum domain_value_kind {
    DOMAIN_VALUE_STRING = 0,
    DOMAIN_VALUE_ADD = 1,
    DOMAIN_VALUE_MULTIPLY = 2,
    DOMAIN_VALUE_TEXT = 3, /* the word's own */
};

struct domain {
    const uint8_t *values, *networks, *states, *targets, *labels, *sites, *words, *pronunciations;
    const uint8_t *costs, *phonemes;
    const char *strings; /* the domain's name is the first */
    uint32_t crc32;
    uint16_t network_count, state_count, site_count, word_count;
    uint16_t pronunciation_count, arc_count, value_count, phoneme_count, string_bytes;
};

struct domain_network {
    uint16_t first_state, end_state; /* the first is its start */
    uint16_t first_site, end_site;   /* calls of it */
    uint16_t contexts;
    uint16_t depth; /* 1 for the root */
};

/* A call, by where it comes back to. In the context first_context + c the caller's is c. */
struct domain_site {
    uint16_t target;
    uint16_t first_context;
    uint16_t slot; /* its name in the strings, or DOMAIN_NONE */
};

struct domain_value {
    enum domain_value_kind kind;
    uint32_t number; /* of ADD and MULTIPLY */
    const char *text;
};

/* The domain is set whatever comes out; it may be used if it is sound. */
enum domain_fault domain_load(struct domain *domain, const void *bytes, size_t count);

static inline uint16_t domain_u16(const uint8_t *row, uint32_t index) {
    const uint8_t *at = row + 2 * index;
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline const char *domain_name(const struct domain *domain) {
    return domain->strings;
}

/* Bytes of a string. The bound keeps the compiler from asking a C library. */
static inline uint32_t domain_text_length(const char *text) {
    uint32_t length = 0;

    while (length < DOMAIN_TEXT_MAX && text[length] != 0) {
        length++;
    }
    return length;
}

/* Label 0: an epsilon, or, with the target DOMAIN_NONE, the end of the network. Then sites, then
 * words. The arcs of a state are in this order, and those of a kind by cost. */
static inline uint16_t domain_first_arc(const struct domain *domain, uint32_t state) {
    return domain_u16(domain->states, state);
}

static inline uint16_t domain_label(const struct domain *domain, uint32_t arc) {
    return domain_u16(domain->labels, arc);
}

static inline uint16_t domain_target(const struct domain *domain, uint32_t arc) {
    return domain_u16(domain->targets, arc);
}

/* In eighths of an octave, biased by 32: from -4 octaves on. */
static inline int32_t domain_cost_q3(const struct domain *domain, uint32_t arc) {
    return (int32_t)domain->costs[arc] - 32;
}

static inline uint16_t domain_first_pronunciation(const struct domain *domain, uint32_t word) {
    return word < domain->word_count ? domain_u16(domain->words, 3 * word + 1)
                                     : domain->pronunciation_count;
}

/* Classes of phonemes; DOMAIN_LAST_PHONEME is set in the last one. */
static inline const uint8_t *domain_phonemes(const struct domain *domain, uint32_t pronunciation) {
    return &domain->phonemes[domain_u16(domain->pronunciations, pronunciation)];
}

struct domain_site domain_site(const struct domain *domain, uint32_t site);
struct domain_network domain_network(const struct domain *domain, uint32_t network);
uint32_t domain_network_of_state(const struct domain *domain, uint32_t state);
uint32_t domain_network_of_site(const struct domain *domain, uint32_t site);

/* The call that led to a context of a network, not the root. */
uint32_t domain_site_of_context(const struct domain *domain, const struct domain_network *network,
                                uint32_t context);

uint32_t domain_word_of_pronunciation(const struct domain *domain, uint32_t pronunciation);
const char *domain_text(const struct domain *domain, uint32_t word);
struct domain_value domain_value(const struct domain *domain, uint32_t word);

#endif
