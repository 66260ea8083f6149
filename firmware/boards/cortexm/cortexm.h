/* cortexm.h: the registers that every Cortex-M has, as the Armv7-M manual numbers them.
 *
 * Vendors' SVD files leave them out. Owns: nothing.
 */
#ifndef EARSHOT_CORTEXM_H
#define EARSHOT_CORTEXM_H

#include <stdint.h>

#define CORE_REGISTER(address) (*(volatile uint32_t *)(address))

#define DWT_CTRL CORE_REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA 1u
#define DWT_CYCCNT CORE_REGISTER(0xE0001004u)

#define NVIC_ISER(irq) CORE_REGISTER(0xE000E100u + 4u * ((irq) / 32u))
#define NVIC_BIT(irq) (1u << ((irq) % 32u))

#define SCB_ICSR CORE_REGISTER(0xE000ED04u)
#define SCB_VTOR CORE_REGISTER(0xE000ED08u)
#define SCB_AIRCR CORE_REGISTER(0xE000ED0Cu)
#define SCB_AIRCR_SYSRESETREQ 0x05FA0004u
#define SCB_SCR CORE_REGISTER(0xE000ED10u)
#define SCB_SCR_SLEEPDEEP 4u
#define SCB_CFSR CORE_REGISTER(0xE000ED28u)
#define SCB_HFSR CORE_REGISTER(0xE000ED2Cu)
#define SCB_BFAR CORE_REGISTER(0xE000ED38u)
#define SCB_CPACR CORE_REGISTER(0xE000ED88u)
#define SCB_CPACR_FPU (0xFu << 20)
#define SCB_DEMCR CORE_REGISTER(0xE000EDFCu)
#define SCB_DEMCR_TRCENA (1u << 24)

static inline void interrupts_off(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void interrupts_on(void) {
    __asm volatile("cpsie i\n isb" ::: "memory");
}

/* Restarts the core; what was written before is out. */
_Noreturn static inline void core_restart(void) {
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    __asm volatile("dsb" ::: "memory");
    for (;;) {
    }
}

#endif
