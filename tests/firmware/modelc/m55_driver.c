/* m55_driver.c: runs networks on QEMU's mps3-an547, fed through semihosting, for the tests.
 *
 * MODELS is an X(name) list. in.bin holds, network after network, a uint32 of calls and the inputs
 * of each; out.bin gets the outputs of each call and the SysTick ticks that it took. The arena ends
 * where the data memory ends, so that a stray read behind it faults, and bytes before it are
 * watched, as is the rest of the arena's 16-byte step.
 */
#include <stddef.h>
#include <string.h>

#include "engine.h"

#define X(name) extern const struct nn_model name##_model;
MODELS
#undef X

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYSTICK_CTRL REGISTER(0xE000E010u)
#define SYSTICK_LOAD REGISTER(0xE000E014u)
#define SYSTICK_VALUE REGISTER(0xE000E018u)
#define SCB_CCR REGISTER(0xE000ED14u)
#define SCB_CPACR REGISTER(0xE000ED88u)
#define CCR_LOB (1u << 19)

#define DATA_END 0x20080000u
#define GUARD 64u
#define GUARD_BYTE 0x5A

enum { SYS_OPEN = 1, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18 };

extern uint32_t stack_top[];
void reset(void);
void stop(void);
void mark(void);

static uint32_t semihost(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static _Noreturn void fail(const char *why) {
    semihost(SYS_WRITE0, why);
    semihost(SYS_EXIT, (const void *)0x20023);
    for (;;) {
    }
}

static uint32_t file_open(const char *name, uint32_t mode) {
    const uint32_t block[3] = {(uint32_t)name, mode, strlen(name)};
    return semihost(SYS_OPEN, block);
}

static uint32_t input, output;

static void take(void *bytes, uint32_t count) {
    const uint32_t block[3] = {input, (uint32_t)bytes, count};
    if (count != 0 && semihost(SYS_READ, block) != 0) {
        fail("in.bin is too short\n");
    }
}

static void give(const void *bytes, uint32_t count) {
    const uint32_t block[3] = {output, (uint32_t)bytes, count};
    semihost(SYS_WRITE, block);
}

static uint32_t marks[512];
static uint32_t marked;

/* The emitted code calls it between operators when a test wants their counts one by one. */
void mark(void) {
    if (marked < sizeof marks / sizeof marks[0]) {
        marks[marked++] = 0u - SYSTICK_VALUE;
    }
}

static void run(const struct nn_model *model) {
    int8_t *arena = (int8_t *)(DATA_END - model->arena_bytes);
    uint32_t calls;
    memset(arena - GUARD, GUARD_BYTE, GUARD + model->arena_bytes);
    if (!model->init(arena)) {
        fail("init\n");
    }
    take(&calls, sizeof calls);
    for (; calls > 0; calls--) {
        for (uint32_t i = 0; i < model->inputs; i++) {
            take(model->input_data(arena, i), model->input[i].bytes);
        }
        marked = 0;
        mark();
        if (!model->invoke(arena)) {
            fail("invoke\n");
        }
        mark();
        for (uint32_t i = 0; i < model->outputs; i++) {
            give(model->output_data(arena, i), model->output[i].bytes);
        }
        give(&marked, sizeof marked);
        give(marks, marked * sizeof marks[0]);
        for (uint32_t i = 1; i <= GUARD; i++) {
            if (arena[-(int32_t)i] != GUARD_BYTE) {
                fail("written before the arena\n");
            }
        }
    }
}

void stop(void) {
    fail("fault\n");
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (const void *)reset, (const void *)stop, (const void *)stop,
    (const void *)stop, (const void *)stop, (const void *)stop, (const void *)stop,
};

void reset(void) {
    SCB_CPACR |= 0xFu << 20;
    SCB_CCR |= CCR_LOB;
    __asm volatile("dsb\n isb" ::: "memory");
    SYSTICK_LOAD = 0xFFFFFFu;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = 5;
    input = file_open("in.bin", 1);
    output = file_open("out.bin", 5);
#define X(name) run(&name##_model);
    MODELS
#undef X
    semihost(SYS_EXIT, (const void *)0x20026);
}
