/* startup.c: from reset to main() on any Cortex-M: vector table, memory, FPU, stack canary.
 *
 * A board's interrupts follow the core's vectors: it puts its table in section .vectors.board.
 *
 * Owns: the vector table, the order of the first instructions.
 * Costs: a reset takes one store per word of .data, .bss and the stack's canary.
 */
#include "cortexm.h"
#include "fault.h"

extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

int main(void);
_Noreturn void reset_handler(void);

typedef void (*vector)(void);

__attribute__((section(".vectors.core"), used)) static const vector core_vectors[16] = {
    (vector)(uintptr_t)stack_top,
    reset_handler,
    NMI_Handler,
    fault_exception, /* HardFault */
    fault_exception, /* MemManage */
    fault_exception, /* BusFault */
    fault_exception, /* UsageFault */
    fault_exception, /* SecureFault, Armv8-M */
    fault_exception,
    fault_exception,
    fault_exception,
    SVC_Handler,
    fault_exception, /* DebugMonitor */
    fault_exception,
    PendSV_Handler,
    SysTick_Handler,
};

/* No function with a stack protector may run before .data holds its guard. */
__attribute__((no_stack_protector)) _Noreturn void reset_handler(void) {
    SCB_VTOR = (uint32_t)(uintptr_t)core_vectors;
    SCB_CPACR |= SCB_CPACR_FPU;
    __asm volatile("dsb\n isb" ::: "memory");

    /* The linker's names for the two ends of one section. */
    const uint32_t *from = data_load;
    // cppcheck-suppress comparePointers
    for (uint32_t *to = data_start; to < data_end; to++) {
        *to = *from++;
    }
    // cppcheck-suppress comparePointers
    for (uint32_t *to = bss_start; to < bss_end; to++) {
        *to = 0;
    }
    fault_canary_set();
    main();
    fault_stop("main returned");
}
