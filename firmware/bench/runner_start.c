#include "runner.h"

#include <stddef.h>

#include "cortexm.h"
#include "memory_map.h"

#define SYSTICK_CTRL CORE_REGISTER(0xE000E010u)
#define SYSTICK_LOAD CORE_REGISTER(0xE000E014u)
#define SYSTICK_VALUE CORE_REGISTER(0xE000E018u)
#define SYSTICK_CTRL_RUN 7u /* core clock, interrupt, on */
#define SYSTICK_BITS 24u
#define SYSTICK_MASK ((1u << SYSTICK_BITS) - 1u)
#define SCB_CCR CORE_REGISTER(0xE000ED14u)
#define ICSR_SYSTICK_PENDING_BIT 26u

enum semihosting { OPEN = 0x01, WRITE0 = 0x04, WRITE = 0x05, READ = 0x06, EXIT = 0x20 };
#define OPEN_READ_BINARY 1u
#define OPEN_WRITE_BINARY 5u
#define EXIT_APPLICATION 0x20026u

#define PAINT 0xC5C5C5C5u

extern uint32_t bench_stack_bottom[], bench_stack_top[];
_Noreturn void bench_reset(void);
void bench_systick(void);
void bench_fault(void);

static volatile uint32_t wraps;
static uint32_t calls_file, results_file;
static uint32_t *painted_top;

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    (vector)(uintptr_t)bench_stack_top,
    bench_reset,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_fault,
    bench_systick,
};

static uint32_t host(enum semihosting call, const void *block) {
    register uint32_t r0 __asm("r0") = call;
    register const void *r1 __asm("r1") = block;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static _Noreturn void leave(uint32_t code) {
    const uint32_t block[2] = {EXIT_APPLICATION, code};
    host(EXIT, block);
    for (;;) {
    }
}

_Noreturn void runner_fail(const char *why) {
    host(WRITE0, why);
    leave(1);
}

/* The stack may be what is broken. */
__attribute__((naked)) void bench_fault(void) {
    __asm volatile("ldr sp, =bench_stack_top\n"
                   "ldr r0, =bench_fault_text\n"
                   "b runner_fail\n");
}
extern const char bench_fault_text[];
const char bench_fault_text[] = "the image faulted, by its stack's end or by a wild pointer";

/* Five instructions: clock.py takes them off. */
__attribute__((naked)) void bench_systick(void) {
    __asm volatile("ldr r0, =%c0\n"
                   "ldr r1, [r0]\n"
                   "adds r1, #1\n"
                   "str r1, [r0]\n"
                   "bx lr\n"
                   :
                   : "i"(&wraps));
}

/* The interrupt is held while the parts are read. One that waits is a wrap not yet counted, unless
 * the counter stands at its very last tick, where QEMU has raised it already. */
__attribute__((noinline)) void runner_now(struct runner_time *time) {
    uint32_t mask;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(mask)::"memory");
    const uint32_t elapsed = SYSTICK_MASK - SYSTICK_VALUE;
    const uint32_t waits = SCB_ICSR >> ICSR_SYSTICK_PENDING_BIT & 1u;
    const uint32_t handled = wraps;
    __asm volatile("msr primask, %0" ::"r"(mask) : "memory");
    time->elapsed = elapsed;
    time->handled = handled;
    time->wraps = handled + (waits & ~(elapsed >> (SYSTICK_BITS - 1u)));
}

__attribute__((noinline)) void runner_measure(bool (*function)(void *), void *argument,
                                              struct runner_span *span) {
    runner_now(&span->from);
    function(argument);
    runner_now(&span->to);
}

__attribute__((naked)) static bool loop(void *loops) {
    (void)loops;
    __asm volatile("1: subs r0, #1\n bne 1b\n bx lr");
}

void runner_calibrate(void) {
    struct {
        struct runner_span span;
        uint32_t loops;
    } known;
    uint32_t random = 1;
    for (uint32_t i = 0; i < RUNNER_CALIBRATIONS; i++) {
        random = random * 1664525u + 1013904223u;
        known.loops = (random >> 24) + 1u;
        loop((void *)(uintptr_t)((random >> 16 & 0xFFu) + 1u)); /* to another part of a tick */
        runner_measure(loop, (void *)(uintptr_t)known.loops, &known.span);
        runner_write(&known, sizeof known);
    }
}

void runner_hold_clock(bool hold) {
    if (hold) {
        interrupts_off();
    } else {
        interrupts_on();
    }
}

bool runner_read(void *bytes, uint32_t count) {
    const uintptr_t block[3] = {calls_file, (uintptr_t)bytes, count};
    return count == 0 || host(READ, block) == 0; /* else: bytes that were not read */
}

void runner_write(const void *bytes, uint32_t count) {
    const uintptr_t block[3] = {results_file, (uintptr_t)bytes, count};
    if (count > 0 && host(WRITE, block) != 0) {
        runner_fail("results.bin cannot be written");
    }
}

static uint32_t open(const char *name, uint32_t length, uint32_t mode) {
    const uintptr_t block[3] = {(uintptr_t)name, mode, length};
    const uint32_t handle = host(OPEN, block);
    if (handle == UINT32_MAX) {
        runner_fail("calls.bin or results.bin cannot be opened");
    }
    return handle;
}

__attribute__((noinline)) void runner_stack_paint(void) {
    uint32_t *top = __builtin_frame_address(0);
    painted_top = top;
    /* From the bottom up, and a little short: this function's own frame is in use. */
    for (volatile uint32_t *word = bench_stack_bottom; word < top - 16; word++) {
        *word = PAINT;
    }
}

uint32_t runner_stack_used(void) {
    const uint32_t *word = bench_stack_bottom;
    if (*word != PAINT) {
        /* Below RAM, a Cortex-M4 in QEMU writes into nothing without a fault. */
        runner_fail("the network overflows the runner's stack of 16 KiB");
    }
    while (word < painted_top && *word == PAINT) {
        word++;
    }
    return (uint32_t)(painted_top - word) * (uint32_t)sizeof *word;
}

_Noreturn void bench_reset(void) {
    SCB_VTOR = (uint32_t)(uintptr_t)vectors;
    SCB_CPACR |= SCB_CPACR_FPU;
    SCB_CCR |= MPS_CCR;
    __asm volatile("dsb\n isb" ::: "memory");
    calls_file = open("calls.bin", sizeof "calls.bin" - 1, OPEN_READ_BINARY);
    results_file = open("results.bin", sizeof "results.bin" - 1, OPEN_WRITE_BINARY);
    SYSTICK_LOAD = SYSTICK_MASK;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = SYSTICK_CTRL_RUN;
    runner_main();
    leave(0);
}
