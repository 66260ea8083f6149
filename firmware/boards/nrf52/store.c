/* store.c: the top of the nRF52840's flash as the store: pages of 4 KiB, written word by word.
 *
 * The core stands still while flash changes, for at most 41 us a word and 85 ms a page. A page is
 * therefore erased in parts, whose times add up, with a look at the interrupts after each: the
 * microphone's ring and the link's go on, and nothing is lost.
 *
 * Owns: the NVMC, the flash from BOARD_STORE_START on. Costs: a tenth of a second a page, 10 ms a
 * KiB.
 */
#include "board.h"
#include "board_facts.h"
#include "registers.h"

#define PAGE_BYTES 4096u
#define FLASH_BYTES 0x100000u
#define ERASED 0xFFFFFFFFu
#define ERASE_MS 85u
#define PART_MS 10u
#define PARTS ((ERASE_MS + ERASE_MS / 10u + PART_MS - 1u) / PART_MS) /* a part may be 5 % short */

_Static_assert(BOARD_STORE_START % PAGE_BYTES == 0 && BOARD_STORE_BYTES % PAGE_BYTES == 0,
               "whole pages");
_Static_assert(BOARD_STORE_START + BOARD_STORE_BYTES <= FLASH_BYTES, "the chip's flash");

static volatile uint32_t *place(uint32_t offset) {
    return (volatile uint32_t *)(uintptr_t)(BOARD_STORE_START + offset);
}

static void ready_wait(void) {
    while (!(NVMC_READY & NVMC_READY_READY_Msk)) {
    }
}

static void allow(uint32_t what) {
    NVMC_CONFIG = what;
    ready_wait();
}

static bool erase(void *context, uint32_t offset) {
    (void)context;
    allow(NVMC_CONFIG_WEN_Een);
    NVMC_ERASEPAGEPARTIALCFG = NVMC_ERASEPAGEPARTIALCFG_DURATION(PART_MS);
    for (uint32_t i = 0; i < PARTS; i++) {
        NVMC_ERASEPAGEPARTIAL = BOARD_STORE_START + offset;
        ready_wait();
    }
    allow(NVMC_CONFIG_WEN_Ren);
    for (uint32_t i = 0; i < PAGE_BYTES / 4u; i++) {
        if (place(offset)[i] != ERASED) {
            return false;
        }
    }
    return true;
}

static bool write(void *context, uint32_t offset, const uint32_t *words, uint32_t count) {
    bool right = true;

    (void)context;
    allow(NVMC_CONFIG_WEN_Wen);
    for (uint32_t i = 0; i < count; i++) {
        place(offset)[i] = words[i];
        ready_wait();
    }
    allow(NVMC_CONFIG_WEN_Ren);
    for (uint32_t i = 0; i < count; i++) {
        right = right && place(offset)[i] == words[i];
    }
    return right;
}

static const struct store_device device = {
    .base = (const uint8_t *)BOARD_STORE_START,
    .bytes = BOARD_STORE_BYTES,
    .page_bytes = PAGE_BYTES,
    .lasting = true,
    .erase = erase,
    .write = write,
};

const struct store_device *board_store(void) {
    return &device;
}

uint64_t board_unit(void) {
    return (uint64_t)FICR_DEVICEID1 << 32 | FICR_DEVICEID0;
}
