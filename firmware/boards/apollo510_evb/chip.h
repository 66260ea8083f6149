/* chip.h: what boards/apollo4 must know of the Apollo510: a Cortex-M55 with caches over MRAM and
 * shared SRAM.
 *
 * Code and constants are read, and the DMA's buffers are the only thing in cached RAM and nobody
 * writes them: so no line is ever dirty, and deep sleep may take the caches' power. Registers of
 * the core as Arm's Cortex-M55 manual numbers them. Memories keep the power that the boot loader
 * gave them: the registers that would take it away are not confirmed for this chip.
 *
 * Owns: nothing. Costs: 64 line invalidations a chunk.
 */
#ifndef EARSHOT_APOLLO4_CHIP_H
#define EARSHOT_APOLLO4_CHIP_H

#include <stdint.h>

#include "cortexm.h"
#include "registers.h"

#define CHIP_CCR CORE_REGISTER(0xE000ED14u)
#define CHIP_CCR_CACHES_AND_LOOPS ((1u << 16) | (1u << 17) | (1u << 19)) /* DC, IC, LOB */
#define CHIP_ICIALLU CORE_REGISTER(0xE000EF50u)
#define CHIP_DCIMVAC CORE_REGISTER(0xE000EF5Cu)
#define CHIP_LINE 32u
#define CHIP_CPDLPSTATE CORE_REGISTER(0xE001E300u)
#define CHIP_ELPSTATE (3u << 4)
#define CHIP_ELPSTATE_CLOCK_OFF (1u << 4) /* the vector unit keeps its registers in sleep */

/* The core invalidates its data cache itself as it leaves reset. */
static inline void chip_memory_start(void) {
    CHIP_CPDLPSTATE = (CHIP_CPDLPSTATE & ~CHIP_ELPSTATE) | CHIP_ELPSTATE_CLOCK_OFF;
    CHIP_ICIALLU = 0;
    __asm volatile("dsb\n isb" ::: "memory");
    CHIP_CCR |= CHIP_CCR_CACHES_AND_LOOPS;
    __asm volatile("dsb\n isb" ::: "memory");
}

/* The core sees from now on what a DMA has written there; whole lines. */
static inline void chip_dma_seen(const volatile void *start, uint32_t bytes) {
    __asm volatile("dsb" ::: "memory");
    for (uint32_t at = 0; at < bytes; at += CHIP_LINE) {
        CHIP_DCIMVAC = (uint32_t)(uintptr_t)start + at;
    }
    __asm volatile("dsb\n isb" ::: "memory");
}

#endif
