#include "domain_check.h"

/* Valid UTF-8 without control characters; texts of at most DOMAIN_TEXT_MAX bytes, each with its
 * zero. Bytes that no text of Unicode has are refused as the host would refuse them. */
static bool strings_are_texts(const struct domain *domain) {
    const uint8_t *bytes = (const uint8_t *)domain->strings;
    const uint32_t count = domain->string_bytes;
    uint32_t start = 0;

    if (count == 0 || bytes[count - 1] != 0) {
        return false;
    }
    for (uint32_t i = 0; i < count;) {
        const uint8_t lead = bytes[i];
        const uint32_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
        uint32_t character = more == 0 ? lead : lead & (0x3Fu >> more);

        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || (lead > 0 && lead < 0x20) ||
            lead == 0x7F) {
            return false;
        }
        for (uint32_t k = 1; k <= more; k++) {
            /* The zero at the end stops it. */
            if ((bytes[i + k] & 0xC0u) != 0x80) {
                return false;
            }
            character = character << 6 | (bytes[i + k] & 0x3Fu);
        }
        if (character < least[more] || character > 0x10FFFF || character >> 11 == 0x1B) {
            return false;
        }
        if (lead == 0) {
            if (i - start > DOMAIN_TEXT_MAX) {
                return false;
            }
            start = i + 1;
        }
        i += more + 1;
    }
    return true;
}

/* It may lie within another, but not within a character. */
static bool is_text(const struct domain *domain, uint32_t offset) {
    return offset < domain->string_bytes && ((uint8_t)domain->strings[offset] & 0xC0u) != 0x80;
}

static bool words_are_sound(const struct domain *domain) {
    if (domain->word_count == 0 || domain->phoneme_count == 0 ||
        (domain->phonemes[domain->phoneme_count - 1] & DOMAIN_LAST_PHONEME) == 0 ||
        domain_first_pronunciation(domain, 0) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < domain->phoneme_count; i++) {
        const uint32_t class = domain->phonemes[i] & (DOMAIN_LAST_PHONEME - 1u);
        if (class == 0 || class >= DOMAIN_CLASSES) {
            return false;
        }
    }
    for (uint32_t p = 0; p < domain->pronunciation_count; p++) {
        const uint32_t at = domain_u16(domain->pronunciations, p);
        uint32_t length = 1;
        if (at >= domain->phoneme_count) {
            return false;
        }
        while ((domain->phonemes[at + length - 1] & DOMAIN_LAST_PHONEME) == 0) {
            length++;
        }
        if (length > DOMAIN_PHONEMES_MAX) {
            return false;
        }
    }
    for (uint32_t word = 0; word < domain->word_count; word++) {
        /* At first here: the text of a value may be the word's. */
        if (!is_text(domain, domain_u16(domain->words, 3 * word)) ||
            domain_u16(domain->words, 3 * word + 2) > domain->value_count ||
            domain_first_pronunciation(domain, word) >=
                domain_first_pronunciation(domain, word + 1)) {
            return false;
        }
    }
    return true;
}

static bool values_are_sound(const struct domain *domain) {
    for (uint32_t i = 0; i < domain->value_count; i++) {
        const uint8_t *at = domain->values + 4 * i;
        const uint32_t kind = at[3] >> 6;
        const uint32_t offset =
            at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)(at[3] & 0x3Fu) << 24;
        if (kind > DOMAIN_VALUE_MULTIPLY ||
            (kind == DOMAIN_VALUE_STRING && !is_text(domain, offset))) {
            return false;
        }
    }
    return true;
}

/* Each network's part of states and sites, and of the contexts, to each call of it as many as its
 * caller has; callers come first. */
static bool networks_are_sound(const struct domain *domain) {
    if (domain->network_count == 0 || domain->network_count > DOMAIN_NETWORKS_MAX ||
        domain->state_count > DOMAIN_STATES_MAX) {
        return false;
    }
    /* Before a search among them. */
    for (uint32_t i = 0; i < domain->network_count; i++) {
        const struct domain_network network = domain_network(domain, i);
        if (!is_text(domain, domain_u16(domain->networks, 5 * i)) ||
            network.first_state >= network.end_state || network.first_site > network.end_site ||
            (i == 0 && (network.first_state != 0 || network.first_site != 0))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < domain->network_count; i++) {
        const struct domain_network network = domain_network(domain, i);
        uint32_t contexts = i == 0 ? 1 : 0, depth = i == 0 ? 1 : 0;
        for (uint32_t s = network.first_site; s < network.end_site; s++) {
            const struct domain_site site = domain_site(domain, s);
            if (site.target >= domain->state_count || site.first_context != contexts ||
                (site.slot != DOMAIN_NONE && !is_text(domain, site.slot))) {
                return false;
            }
            const uint32_t caller = domain_network_of_state(domain, site.target);
            if (caller >= i) {
                return false;
            }
            const struct domain_network from = domain_network(domain, caller);
            contexts += from.contexts;
            depth = from.depth + 1u > depth ? from.depth + 1u : depth;
        }
        if (contexts == 0 || contexts > DOMAIN_NONE || network.contexts != contexts ||
            network.depth != depth || depth > DOMAIN_DEPTH_MAX) {
            return false;
        }
    }
    return true;
}

static bool arcs_are_sound(const struct domain *domain) {
    const uint32_t sites = domain->site_count, labels = sites + domain->word_count;

    if (domain_first_arc(domain, 0) != 0 ||
        domain_first_arc(domain, domain->state_count) != domain->arc_count) {
        return false;
    }
    for (uint32_t n = 0; n < domain->network_count; n++) {
        const struct domain_network network = domain_network(domain, n);
        for (uint32_t state = network.first_state; state < network.end_state; state++) {
            const uint32_t end = domain_first_arc(domain, state + 1);
            uint32_t before = 0; /* kind and cost */
            /* end may lie below the first, or beyond the last arc, which the sentinel holds. */
            if (end < domain_first_arc(domain, state) || end > domain->arc_count) {
                return false;
            }
            for (uint32_t arc = domain_first_arc(domain, state); arc < end; arc++) {
                const uint32_t label = domain_label(domain, arc);
                const uint32_t target = domain_target(domain, arc);
                const uint32_t kind = label == 0 ? 0 : label <= sites ? 1 : 2;
                const uint32_t now = kind << 8 | domain->costs[arc];
                const bool ends = label == 0 && target == DOMAIN_NONE;
                if (label > labels || now < before ||
                    (!ends && (target < network.first_state || target >= network.end_state)) ||
                    (label == 0 && target <= state)) {
                    return false;
                }
                if (kind == 1 && domain_site(domain, label - 1).target != target) {
                    return false;
                }
                before = now;
            }
        }
    }
    return true;
}

bool domain_is_consistent(const struct domain *domain) {
    return strings_are_texts(domain) && words_are_sound(domain) && values_are_sound(domain) &&
           networks_are_sound(domain) && arcs_are_sound(domain);
}
