#include "awake.h"

#include "cortexm.h"

static uint32_t cycles_before; /* up to the last sleep */
static uint32_t cycles_mark;   /* CYCCNT at the last waking */

void awake_start(void) {
    SCB_DEMCR |= SCB_DEMCR_TRCENA;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

void awake_sleep(void) {
    cycles_before += DWT_CYCCNT - cycles_mark;
    __asm volatile("dsb\n wfi\n isb" ::: "memory");
    cycles_mark = DWT_CYCCNT;
}

uint32_t awake_cycles(void) {
    return cycles_before + (DWT_CYCCNT - cycles_mark);
}
