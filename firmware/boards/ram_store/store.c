/* store.c: RAM in place of flash, for boards that have none or whose flash we cannot change yet:
 * gone after a reset, as HELLO says.
 *
 * Owns: the RAM from BOARD_STORE_START on, which the linker leaves alone. Costs: at the start, that
 * it is erased.
 */
#include <string.h>

#include "board.h"
#include "board_facts.h"

#define PAGE_BYTES 8192u
#define PLACE ((uint8_t *)BOARD_STORE_START)

static bool erase(void *context, uint32_t offset) {
    (void)context;
    memset(PLACE + offset, 0xFF, PAGE_BYTES);
    return true;
}

static bool write(void *context, uint32_t offset, const uint32_t *words, uint32_t count) {
    (void)context;
    memcpy(PLACE + offset, words, 4u * count);
    return true;
}

static const struct store_device device = {
    .base = PLACE,
    .bytes = BOARD_STORE_BYTES,
    .page_bytes = PAGE_BYTES,
    .lasting = false,
    .erase = erase,
    .write = write,
};

const struct store_device *board_store(void) {
    memset(PLACE, 0xFF, BOARD_STORE_BYTES);
    return &device;
}
