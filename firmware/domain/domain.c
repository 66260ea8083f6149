#include "domain.h"

#include <string.h>

#include "crc32.h"
#include "domain_check.h"

enum { NETWORK_FIELDS = 5, SITE_FIELDS = 3, WORD_FIELDS = 3 };
enum { HEADER_BYTES = 32, CRC_AT = 4, CHECKED_AT = 8 };

_Static_assert(sizeof(void *) != 4 || sizeof(struct domain) == 68, "as domain.h says");

static uint32_t u32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

enum domain_fault domain_load(struct domain *domain, const void *bytes, size_t count) {
    const uint8_t *data = bytes;

    memset(domain, 0, sizeof *domain);
    if (count < HEADER_BYTES || memcmp(data, "EDOM", 4) != 0) {
        return DOMAIN_NO_DOMAIN;
    }
    if (domain_u16(data, 4) != 1) {
        return DOMAIN_OTHER_VERSION;
    }
    domain->crc32 = u32(data + CRC_AT);
    if (count > DOMAIN_BYTES_MAX || u32(data + 12) != count ||
        crc32_more(0, data + CHECKED_AT, count - CHECKED_AT) != domain->crc32) {
        return DOMAIN_DAMAGED;
    }
    domain->network_count = domain_u16(data, 5);
    domain->state_count = domain_u16(data, 8);
    domain->site_count = domain_u16(data, 9);
    domain->word_count = domain_u16(data, 10);
    domain->pronunciation_count = domain_u16(data, 11);
    domain->arc_count = domain_u16(data, 12);
    domain->value_count = domain_u16(data, 13);
    domain->phoneme_count = domain_u16(data, 14);
    domain->string_bytes = domain_u16(data, 15);

    const struct {
        const uint8_t **row;
        uint32_t bytes;
    } sections[] = {
        {&domain->values, 4u * domain->value_count},
        {&domain->networks, 2u * NETWORK_FIELDS * domain->network_count},
        {&domain->states, 2u * (domain->state_count + 1u)},
        {&domain->targets, 2u * domain->arc_count},
        {&domain->labels, 2u * domain->arc_count},
        {&domain->sites, 2u * SITE_FIELDS * domain->site_count},
        {&domain->words, 2u * WORD_FIELDS * domain->word_count},
        {&domain->pronunciations, 2u * domain->pronunciation_count},
        {&domain->costs, domain->arc_count},
        {&domain->phonemes, domain->phoneme_count},
    };
    size_t at = HEADER_BYTES;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (sections[i].bytes > count - at) {
            return DOMAIN_CONTRADICTORY;
        }
        *sections[i].row = data + at;
        at += sections[i].bytes;
    }
    if (domain->string_bytes != count - at) {
        return DOMAIN_CONTRADICTORY;
    }
    domain->strings = (const char *)(data + at);
    return domain_is_consistent(domain) ? DOMAIN_SOUND : DOMAIN_CONTRADICTORY;
}

struct domain_site domain_site(const struct domain *domain, uint32_t site) {
    const uint8_t *row = domain->sites + 2 * SITE_FIELDS * site;

    return (struct domain_site){domain_u16(row, 0), domain_u16(row, 1), domain_u16(row, 2)};
}

struct domain_network domain_network(const struct domain *domain, uint32_t network) {
    const uint8_t *row = domain->networks + 2 * NETWORK_FIELDS * network;
    const uint8_t *next = row + 2 * NETWORK_FIELDS;
    const bool last = network + 1u == domain->network_count;

    return (struct domain_network){
        .first_state = domain_u16(row, 1),
        .end_state = last ? domain->state_count : domain_u16(next, 1),
        .first_site = domain_u16(row, 2),
        .end_site = last ? domain->site_count : domain_u16(next, 2),
        .contexts = domain_u16(row, 3),
        .depth = domain_u16(row, 4),
    };
}

/* The last of the rows below end whose field is at most value; the first one's is. */
static uint32_t last_up_to(const uint8_t *rows, uint32_t fields, uint32_t field, uint32_t first,
                           uint32_t end, uint32_t value) {
    while (end - first > 1) {
        const uint32_t middle = first + (end - first) / 2;
        if (domain_u16(rows, fields * middle + field) <= value) {
            first = middle;
        } else {
            end = middle;
        }
    }
    return first;
}

uint32_t domain_network_of_state(const struct domain *domain, uint32_t state) {
    return last_up_to(domain->networks, NETWORK_FIELDS, 1, 0, domain->network_count, state);
}

uint32_t domain_network_of_site(const struct domain *domain, uint32_t site) {
    return last_up_to(domain->networks, NETWORK_FIELDS, 2, 0, domain->network_count, site);
}

uint32_t domain_site_of_context(const struct domain *domain, const struct domain_network *network,
                                uint32_t context) {
    return last_up_to(domain->sites, SITE_FIELDS, 1, network->first_site, network->end_site,
                      context);
}

uint32_t domain_word_of_pronunciation(const struct domain *domain, uint32_t pronunciation) {
    return last_up_to(domain->words, WORD_FIELDS, 1, 0, domain->word_count, pronunciation);
}

const char *domain_text(const struct domain *domain, uint32_t word) {
    return &domain->strings[domain_u16(domain->words, WORD_FIELDS * word)];
}

struct domain_value domain_value(const struct domain *domain, uint32_t word) {
    const uint32_t index = domain_u16(domain->words, WORD_FIELDS * word + 2);

    if (index == 0) {
        return (struct domain_value){DOMAIN_VALUE_TEXT, 0, domain_text(domain, word)};
    }
    const uint32_t value = u32(domain->values + 4 * (index - 1)), payload = value & 0x3FFFFFFFu;
    const enum domain_value_kind kind = (enum domain_value_kind)(value >> 30);
    return (struct domain_value){kind, payload,
                                 kind == DOMAIN_VALUE_STRING ? &domain->strings[payload]
                                                             : domain_text(domain, word)};
}
