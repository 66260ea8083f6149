/* nrf52_probe.c: what an image must never do to an nRF52840. */
#include "cortexm.h"
#include "probe.h"
#include "registers.h"

static const uint32_t in_flash[4] = {1, 2, 3, 4};

void probe_chip(char command) {
    switch (command) {
    case 'w': /* the watchdog fed with the wrong word */
        WDT_RR0 = 1;
        break;
    case 'c': /* the watchdog set anew while it runs */
        WDT_CRV = 1;
        break;
    case 'm': /* a register that the virtual board does not model */
        put_word(POWER_DCDCEN0);
        break;
    case 'a': /* a peripheral that board.toml does not even name */
        put_word(*(volatile uint32_t *)0x4000D508u);
        break;
    case 'p': /* the microphone stops, and nobody hears it */
        PDM_TASKS_STOP = 1;
        break;
    case 'n': /* a DMA out of flash */
        UARTE0_TXD_PTR = (uint32_t)(uintptr_t)in_flash;
        UARTE0_TXD_MAXCNT = sizeof in_flash;
        UARTE0_TASKS_STARTTX = 1;
        break;
    case 'e': /* a page of the image erased */
        NVMC_CONFIG = NVMC_CONFIG_WEN_Een;
        NVMC_ERASEPAGE = 0x00020000u;
        break;
    case 'g': /* flash written while it can only be read */
        *(volatile uint32_t *)0x000F0000u = 0;
        break;
    case 'k': /* the crystal oscillator stopped under the microphone, which then starts again */
        PDM_TASKS_STOP = 1;
        CLOCK_TASKS_HFCLKSTOP = 1;
        PDM_TASKS_START = 1;
        break;
    case 'i': /* an interrupt that nobody handles: the crystal of the low clock is up */
        CLOCK_INTENSET = CLOCK_INTENSET_LFCLKSTARTED_Msk;
        NVIC_ISER(POWER_CLOCK_IRQn) = NVIC_BIT(POWER_CLOCK_IRQn);
        break;
    default:
        put("?");
        break;
    }
}
