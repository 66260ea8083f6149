/* mps2_an386.c: the benchmark on QEMU's mps2-an386, a Cortex-M4.
 *
 * Under -icount shift=6 an instruction takes 64 ns and a tick of the 25 MHz timer 40 ns.
 * Prints ticks and CRC-32.
 */
#include "bench.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define TIMER_CONTROL REGISTER(0x40000000u)
#define TIMER_VALUE REGISTER(0x40000004u)
#define UART_DATA REGISTER(0x40004000u)
#define UART_CONTROL REGISTER(0x40004008u)
#define UART_DIVIDER REGISTER(0x40004010u)
#define COPROCESSOR_ACCESS REGISTER(0xE000ED88u)

extern const struct nn_model MODEL;
extern uint32_t bench_stack_top[];
void bench_reset(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    bench_stack_top,
    (const void *)bench_reset,
};

static _Alignas(16) int8_t arena[ARENA_BYTES];

static uint32_t ticks(void) {
    return 0u - TIMER_VALUE;
}

static void print_number(uint32_t number) {
    char digits[12];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) {
        UART_DATA = (uint32_t)digits[--count];
    }
    UART_DATA = ' ';
}

/* Asks QEMU to end, through semihosting. */
static _Noreturn void leave(void) {
    __asm volatile("mov r0, #0x18\n ldr r1, =0x20026\n bkpt 0xAB" ::: "r0", "r1", "memory");
    for (;;) {
    }
}

void bench_reset(void) {
    COPROCESSOR_ACCESS |= 0xFu << 20;
    UART_DIVIDER = 16;
    UART_CONTROL = 1;
    TIMER_VALUE = 0xFFFFFFFFu;
    TIMER_CONTROL = 1;
    const struct bench_result result = bench_run(&MODEL, arena, ticks);
    print_number(result.second);
    print_number(result.crc32);
    leave();
}
