/* store.c: the top of the Apollo3's flash as the store: pages of 8 KiB, written word by word.
 *
 * The chip erases and programs its flash through routines of its boot ROM. Their entries, arguments
 * and results are those that AmbiqSuite's HAL calls them by (sparkfun/AmbiqSuiteSDK,
 * mcu/apollo3/hal/am_hal_flash.c and .h, 2.3.2): 0 is success; what is programmed comes from RAM;
 * interrupts are off meanwhile, as flash cannot be read while it is changed; and a bit is cleared
 * only once between erasures. The cache is told that what it holds may be stale.
 *
 * Owns: the flash from BOARD_STORE_START on. Costs: while a page is erased the board is deaf to its
 * link, whose FIFO holds 3 ms; the microphone's DMA goes on, and what its FIFO then loses is
 * counted.
 */
#include "board.h"
#include "board_facts.h"
#include "cortexm.h"
#include "registers.h"

#define PAGE_BITS 13u
#define PAGE_BYTES (1u << PAGE_BITS)
#define INSTANCE_BITS 19u /* two instances of 512 KiB */
#define PAGES_AN_INSTANCE (1u << (INSTANCE_BITS - PAGE_BITS))
#define PROGRAM_KEY 0x12344321u
#define ERASED 0xFFFFFFFFu

#define ROM_PAGE_ERASE 0x08000051u
#define ROM_PROGRAM_MAIN 0x08000055u
typedef int rom_page_erase(uint32_t key, uint32_t instance, uint32_t page);
typedef int rom_program_main(uint32_t key, const uint32_t *from, uint32_t *to, uint32_t words);

_Static_assert(BOARD_STORE_START % PAGE_BYTES == 0 && BOARD_STORE_BYTES % PAGE_BYTES == 0,
               "whole pages");
_Static_assert(BOARD_STORE_START + BOARD_STORE_BYTES <= 2u << INSTANCE_BITS, "the chip's flash");

static uint32_t *place(uint32_t offset) {
    return (uint32_t *)(uintptr_t)(BOARD_STORE_START + offset);
}

static void cache_forget(void) {
    CACHECTRL_CTRL = CACHECTRL_CTRL_INVALIDATE_Msk;
    while (!(CACHECTRL_CTRL & CACHECTRL_CTRL_CACHE_READY_Msk)) {
    }
}

static bool erase(void *context, uint32_t offset) {
    const uint32_t address = BOARD_STORE_START + offset;

    (void)context;
    interrupts_off();
    const int result = ((rom_page_erase *)ROM_PAGE_ERASE)(
        PROGRAM_KEY, address >> INSTANCE_BITS, (address >> PAGE_BITS) % PAGES_AN_INSTANCE);
    cache_forget();
    interrupts_on();
    for (uint32_t i = 0; i < PAGE_BYTES / 4u; i++) {
        if (place(offset)[i] != ERASED) {
            return false;
        }
    }
    return result == 0;
}

static bool write(void *context, uint32_t offset, const uint32_t *words, uint32_t count) {
    (void)context;
    interrupts_off();
    const int result =
        ((rom_program_main *)ROM_PROGRAM_MAIN)(PROGRAM_KEY, words, place(offset), count);
    cache_forget();
    interrupts_on();
    for (uint32_t i = 0; i < count; i++) {
        if (place(offset)[i] != words[i]) {
            return false;
        }
    }
    return result == 0;
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
    return (uint64_t)MCUCTRL_CHIPID1 << 32 | MCUCTRL_CHIPID0;
}
