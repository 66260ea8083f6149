#include "store.h"

#include <stddef.h>
#include <string.h>

#include "crc32.h"

#define MAGIC 0x53524145u /* "EARS" */
#define RECORD_PAGES 2u

/* As it is in the memory. */
struct record {
    uint32_t magic;
    uint32_t sequence;
    uint32_t boot;
    uint32_t source;
    uint32_t place;
    uint32_t bytes;
    uint32_t domain_crc32;
    uint8_t name[LINK_DOMAIN_BEGIN_NAME_MAX];
    uint32_t crc32; /* of all before */
};
#define RECORD_BYTES ((uint32_t)sizeof(struct record))
#define RECORD_WORDS (RECORD_BYTES / 4u)
_Static_assert(sizeof(struct record) == 48 && offsetof(struct record, crc32) == 44, "no gaps");
_Static_assert(sizeof(void *) != 4 || sizeof(struct store) == 44, "as store.h says");

static uint32_t place_bytes(const struct store_device *device) {
    const uint32_t pages = device->bytes / device->page_bytes;

    return (pages - RECORD_PAGES) / STORE_PLACES * device->page_bytes;
}

static uint32_t records_start(const struct store_device *device) {
    return STORE_PLACES * place_bytes(device);
}

static uint32_t records_a_page(const struct store_device *device) {
    return device->page_bytes / RECORD_BYTES;
}

static bool is_whole(const struct record *record) {
    return record->magic == MAGIC &&
           record->crc32 == crc32_more(0, (const uint8_t *)record, offsetof(struct record, crc32));
}

static bool is_free(const struct store_device *device, uint32_t offset) {
    for (uint32_t i = 0; i < RECORD_BYTES; i++) {
        if (device->base[offset + i] != 0xff) {
            return false;
        }
    }
    return true;
}

static void take(struct store *store, const struct record *record) {
    store->sequence = record->sequence;
    store->boot = record->boot;
    store->choice.source = (uint8_t)record->source;
    store->choice.place = (uint8_t)record->place;
    store->choice.bytes = record->bytes;
    store->choice.crc32 = record->domain_crc32;
    memcpy(store->choice.name, record->name, sizeof record->name);
    store->choice.name[sizeof record->name] = '\0';
}

static bool makes_sense(const struct store *store, const struct record *record) {
    return record->place < STORE_PLACES && record->bytes <= store_room(store);
}

void store_open(struct store *store, const struct store_device *device) {
    memset(store, 0, sizeof *store);
    store->device = device;
    if (device == NULL) {
        return;
    }
    store->next = records_start(device);
    for (uint32_t page = 0; page < RECORD_PAGES; page++) {
        for (uint32_t i = 0; i < records_a_page(device); i++) {
            const uint32_t at =
                records_start(device) + page * device->page_bytes + i * RECORD_BYTES;
            struct record record;

            memcpy(&record, &device->base[at], sizeof record);
            if (is_whole(&record) && record.sequence > store->sequence &&
                makes_sense(store, &record)) {
                take(store, &record);
                store->next = at + RECORD_BYTES;
            }
        }
    }
}

/* A record never ends with its page: no power of two is a multiple of it. */
static uint32_t page_left(const struct store_device *device, uint32_t offset) {
    return device->page_bytes - (offset - records_start(device)) % device->page_bytes;
}

static uint32_t other_page(const struct store_device *device, uint32_t newest) {
    const uint32_t page = (newest - records_start(device)) / device->page_bytes;

    return records_start(device) + (page ^ 1u) * device->page_bytes;
}

/* Where the record goes: the next free place of the page, else the other page, erased. */
static bool make_place(struct store *store, uint32_t *offset) {
    const struct store_device *device = store->device;
    const uint32_t start = records_start(device);
    uint32_t at = store->next;

    if (store->sequence == 0) {
        /* Nothing that a fresh memory holds is worth keeping. */
        at = start;
        *offset = at;
        return is_free(device, at) || device->erase(device->context, at);
    }
    while (page_left(device, at) >= RECORD_BYTES && !is_free(device, at)) {
        at += RECORD_BYTES;
    }
    if (page_left(device, at) < RECORD_BYTES) {
        at = other_page(device, store->next - RECORD_BYTES);
        if (!device->erase(device->context, at)) {
            return false;
        }
    }
    *offset = at;
    return true;
}

static bool append(struct store *store, uint32_t boot, const struct store_choice *choice) {
    uint32_t words[RECORD_WORDS], offset;
    struct record record = {
        .magic = MAGIC,
        .sequence = store->sequence + 1,
        .boot = boot,
        .source = choice->source,
        .place = choice->place,
        .bytes = choice->bytes,
        .domain_crc32 = choice->crc32,
    };

    memcpy(record.name, choice->name, sizeof record.name);
    record.crc32 = crc32_more(0, (const uint8_t *)&record, offsetof(struct record, crc32));
    memcpy(words, &record, sizeof record);
    if (!make_place(store, &offset) ||
        !store->device->write(store->device->context, offset, words, RECORD_WORDS)) {
        return false;
    }
    take(store, &record);
    store->next = offset + RECORD_BYTES;
    return true;
}

uint32_t store_count_boot(struct store *store) {
    if (store->device == NULL || !store->device->lasting ||
        !append(store, store->boot + 1, &store->choice)) {
        return 0;
    }
    return store->boot;
}

uint32_t store_room(const struct store *store) {
    return store->device == NULL ? 0 : place_bytes(store->device);
}

uint32_t store_place_offset(const struct store *store, uint32_t place) {
    return place * place_bytes(store->device);
}

const uint8_t *store_place(const struct store *store, uint32_t place) {
    return &store->device->base[store_place_offset(store, place)];
}

bool store_choose(struct store *store, const struct store_choice *choice) {
    return store->device != NULL && append(store, store->boot, choice);
}
