/* chip.h: what boards/apollo4 must know of the Apollo4 Plus: a Cortex-M4 with a cache over the MRAM
 * and line buffers over the shared SRAM.
 *
 * Owns: nothing. Costs: nothing.
 */
#ifndef EARSHOT_APOLLO4_CHIP_H
#define EARSHOT_APOLLO4_CHIP_H

#include <stdint.h>

#include "registers.h"

#define CHIP_CACHE_64KB 14u    /* one way, 4096 lines of 128 bits */
#define CHIP_TCM_384KB 7u      /* all of it */
#define CHIP_SSRAM_FIRST_MB 1u /* where the DMA's buffers are */

/* The MRAM and the SRAM's second half lose power in deep sleep; the TCM, the cache and the first
 * half do not. */
static inline void chip_memory_start(void) {
    PWRCTRL_MEMPWREN = PWRCTRL_MEMPWREN_PWRENDTCM(CHIP_TCM_384KB) | PWRCTRL_MEMPWREN_PWRENNVM0_Msk |
                       PWRCTRL_MEMPWREN_PWRENCACHEB0_Msk | PWRCTRL_MEMPWREN_PWRENCACHEB2_Msk;
    PWRCTRL_SSRAMPWREN = PWRCTRL_SSRAMPWREN_PWRENSSRAM(CHIP_SSRAM_FIRST_MB);
    while (!(PWRCTRL_SSRAMPWRST & PWRCTRL_SSRAMPWRST_SSRAMPWRST(CHIP_SSRAM_FIRST_MB))) {
    }
    PWRCTRL_MEMRETCFG = PWRCTRL_MEMRETCFG_NVM0PWDSLP_Msk;
    PWRCTRL_SSRAMRETCFG = PWRCTRL_SSRAMRETCFG & ~PWRCTRL_SSRAMRETCFG_SSRAMPWDSLP_Msk;
    uint32_t cache = CPU_CACHECFG_CONFIG(CHIP_CACHE_64KB) | CPU_CACHECFG_IENABLE_Msk |
                     CPU_CACHECFG_DENABLE_Msk | CPU_CACHECFG_CLKGATE_Msk |
                     CPU_CACHECFG_DATACLKGATE_Msk;
    CPU_CACHECFG = cache;
    CPU_CACHECFG = cache | CPU_CACHECFG_ENABLE_Msk;
}

/* The core sees from now on what a DMA has written to the shared SRAM. */
static inline void chip_dma_seen(const volatile void *start, uint32_t bytes) {
    (void)start;
    (void)bytes;
    CPU_DAXICTRL = CPU_DAXICTRL_DAXIINVALIDATE_Msk;
    while (!(CPU_DAXICTRL & CPU_DAXICTRL_DAXIREADY_Msk)) {
    }
}

#endif
