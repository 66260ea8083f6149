#include <string.h>

#include "decoder_words.h"

/* The calls that a word stands in, from the root's on. */
struct calls {
    uint32_t depth;
    uint16_t sites[DOMAIN_DEPTH_MAX];
};

static struct calls calls_of(const struct domain *domain, const struct history_entry *entry) {
    struct calls calls = {0};
    uint32_t state = entry->state, context = entry->context;
    uint16_t upwards[DOMAIN_DEPTH_MAX];

    for (;;) {
        const uint32_t network = domain_network_of_state(domain, state);
        if (network == 0) {
            break;
        }
        const struct domain_network called = domain_network(domain, network);
        const uint32_t index = domain_site_of_context(domain, &called, context);
        const struct domain_site site = domain_site(domain, index);
        upwards[calls.depth++] = (uint16_t)index;
        state = site.target;
        context -= site.first_context;
    }
    for (uint32_t i = 0; i < calls.depth; i++) {
        calls.sites[i] = upwards[calls.depth - 1 - i];
    }
    return calls;
}

/* The number that the words make, as English says numbers: each that adds goes to the group, each
 * that multiplies below a thousand acts on the group, and from a thousand on closes it. */
struct number {
    bool is_one; /* and all words had a part in it */
    uint64_t total, group;
};

static void count_in(struct number *number, const struct domain_value *value) {
    const uint64_t most = UINT64_MAX / 4;

    if (value->kind == DOMAIN_VALUE_ADD) {
        number->group += value->number;
    } else if (value->kind == DOMAIN_VALUE_MULTIPLY) {
        const uint64_t group = number->group > 0 ? number->group : 1;
        const bool fits = group <= most / value->number;
        number->is_one = number->is_one && fits;
        const uint64_t product = fits ? group * value->number : 0;
        number->total += value->number >= 1000 ? product : 0;
        number->group = value->number >= 1000 ? 0 : product;
    } else {
        number->is_one = false;
    }
    number->is_one = number->is_one && number->group <= most && number->total <= most;
}

/* Bytes of values that a result has filled. */
struct values {
    char *bytes;
    uint32_t length;
    bool fits;
};

static void add_bytes(struct values *values, const char *bytes, uint32_t count) {
    /* A zero behind them. */
    if (!values->fits || count >= DECODER_VALUES - values->length) {
        values->fits = false;
        return;
    }
    memcpy(&values->bytes[values->length], bytes, count);
    values->length += count;
}

static void add_number(struct values *values, uint64_t number) {
    char digits[20];
    uint32_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    add_bytes(values, &digits[at], (uint32_t)sizeof digits - at);
}

static void add_value(const struct domain *domain, const struct decoder_word *words, uint32_t count,
                      struct values *values) {
    const uint32_t start = values->length;
    struct number number = {.is_one = true};

    for (uint32_t i = 0; i < count; i++) {
        const struct domain_value value = domain_value(domain, words[i].word);
        count_in(&number, &value);
    }
    if (number.is_one) {
        add_number(values, number.total + number.group);
    }
    for (uint32_t i = 0; i < count && !number.is_one; i++) {
        const char *text = domain_value(domain, words[i].word).text;
        if (text[0] != 0 && values->length > start) {
            add_bytes(values, " ", 1);
        }
        add_bytes(values, text, domain_text_length(text));
    }
    if (!values->fits) {
        values->length = start;
        return;
    }
    values->bytes[values->length++] = 0;
}

/* The words after the first that the same call at this level covers. */
static uint32_t last_of_call(const struct decoder *decoder, const uint16_t *entries, uint32_t first,
                             uint32_t count, uint32_t level) {
    const struct history_entry *pool = decoder->history.entries;
    uint32_t depth = calls_of(decoder->domain, &pool[entries[first]]).depth;
    uint32_t last = first;

    while (last + 1 < count && depth - pool[entries[last + 1]].returns > level) {
        last++;
        depth = calls_of(decoder->domain, &pool[entries[last]]).depth;
    }
    return last;
}

void decoder_fill_slots(const struct decoder *decoder, const uint16_t *entries,
                        struct decoder_result *result) {
    const struct domain *domain = decoder->domain;
    struct values values = {.bytes = result->values, .fits = true};
    uint32_t depth_before = 0;

    for (uint32_t i = 0; i < result->word_count; i++) {
        const struct history_entry *entry = &decoder->history.entries[entries[i]];
        const struct calls calls = calls_of(domain, entry);
        /* Calls up to this level began with an earlier word. */
        for (uint32_t level = i == 0 ? 0 : depth_before - entry->returns; level < calls.depth;
             level++) {
            const struct domain_site site = domain_site(domain, calls.sites[level]);
            if (site.slot == DOMAIN_NONE) {
                continue;
            }
            const uint32_t last = last_of_call(decoder, entries, i, result->word_count, level);
            const uint32_t at = values.length;
            values.fits = true;
            if (result->slot_count < DECODER_SLOTS) {
                add_value(domain, &result->words[i], last - i + 1, &values);
            }
            if (result->slot_count == DECODER_SLOTS || !values.fits) {
                result->truncated = true;
                continue;
            }
            result->slots[result->slot_count++] = (struct decoder_slot){
                .name = &domain->strings[site.slot],
                .value = &result->values[at],
            };
        }
        depth_before = calls.depth;
    }
}
