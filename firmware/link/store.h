/* store.h: what outlasts a reset: two places for a domain, which one is in force, a count of
 * resets.
 *
 * The places come first, then two pages of records. A record says all there is to say, and the
 * newest whole one counts: it is appended to its page, and to the other page, erased just before,
 * where that is full. So nothing that is in force is ever erased or written over, and power may
 * fail at any moment: a record that is torn has no good CRC, and the one before it still holds.
 * Each word is written once between erasures, as flash wants it.
 *
 * Owns: struct store (44 bytes on a 32-bit core), its caller's, and all of the device. Costs: to
 * open it, a look at each record; a record a reset, where the device lasts; a page erased in some
 * 170 records of pages of 8 KiB.
 */
#ifndef EARSHOT_STORE_H
#define EARSHOT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

/* The memory, which is a board's to know. */
struct store_device {
    const uint8_t *base; /* it can be read in place, aligned to 16 */
    uint32_t bytes;      /* whole pages, at least four */
    uint32_t page_bytes; /* that can be erased: a power of two, at least 256 */
    bool lasting;        /* over a reset, and without power */
    void *context;       /* handed to both */
    /* The page at offset is 0xff afterwards; false if it is not. */
    bool (*erase)(void *context, uint32_t offset);
    /* Erased words at offset, a multiple of 4, take the values; false if they did not. The words
     * are in RAM. */
    bool (*write)(void *context, uint32_t offset, const uint32_t *words, uint32_t count);
};

#define STORE_PLACES 2u

/* Which domain was chosen last. */
struct store_choice {
    uint8_t source; /* LINK_DOMAIN_SOURCE_UPLOADED, or another: not the one in the place */
    uint8_t place;  /* of the domain that was uploaded last */
    char name[LINK_DOMAIN_BEGIN_NAME_MAX + 1];
    uint32_t bytes;
    uint32_t crc32; /* of them */
};

struct store {
    const struct store_device *device; /* NULL: there is none */
    uint32_t sequence;                 /* of the newest record; 0: there is none */
    uint32_t boot;                     /* resets counted */
    uint32_t next;                     /* offset where the next record goes, if it is free */
    struct store_choice choice;
};

/* Reads what there is. device: NULL if the board has none; it must stay. */
void store_open(struct store *store, const struct store_device *device);

/* Counts a reset, and returns the count, from 1; 0 if it could not be kept. */
uint32_t store_count_boot(struct store *store);

/* Bytes that a domain may have; 0 without a store. */
uint32_t store_room(const struct store *store);

/* Where a place is. */
uint32_t store_place_offset(const struct store *store, uint32_t place);
const uint8_t *store_place(const struct store *store, uint32_t place);

/* Makes the choice the one in force from now on; false if it could not be kept. */
bool store_choose(struct store *store, const struct store_choice *choice);

#endif
