/* artemis_probe.c: what an image must never do to an Apollo3. */
#include "cortexm.h"
#include "probe.h"
#include "registers.h"

void probe_chip(char command) {
    switch (command) {
    case 'p': /* a peripheral without power */
        PWRCTRL_DEVPWREN &= ~PWRCTRL_DEVPWREN_PWRPDM_EN;
        put_word(PDM_PCFG);
        break;
    case 'g': /* pads behind their key */
        GPIO_PADREGA = 0;
        break;
    case 'c': /* the clock behind its key */
        CLKGEN_CCTRL = CLKGEN_CCTRL_CORESEL_HFRC_DIV2;
        break;
    case 'w': /* the watchdog fed with the wrong word */
        WDT_RSTRT = 1;
        break;
    case 'm': /* a register that the virtual board does not model */
        put_word(CTIMER_TMR0);
        break;
    case 'a': /* a peripheral that board.toml does not even name */
        put_word(*(volatile uint32_t *)0x50010000u);
        break;
    case 'k': /* a block that it does not model gets power */
        PWRCTRL_DEVPWREN |= PWRCTRL_DEVPWREN_PWRADC_EN;
        break;
    case 't': /* the trace port keeps sleep from being deep */
        MCUCTRL_TPIUCTRL = MCUCTRL_TPIUCTRL_ENABLE_EN;
        break;
    case 'i': /* an interrupt that nobody handles, 100 ticks of the crystal from now */
        CTIMER_SCMPR0 = 100;
        CTIMER_STCFG |= CTIMER_STCFG_COMPARE_A_EN_ENABLE;
        CTIMER_STMINTEN = CTIMER_STMINTEN_COMPAREA_Msk;
        NVIC_ISER(STIMER_CMPR0_IRQn) = NVIC_BIT(STIMER_CMPR0_IRQn);
        break;
    default:
        put("?");
        break;
    }
}
