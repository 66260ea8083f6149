/* image.h: files and a start for a test's program, on an emulated Cortex-M (BARE) or on the desk.
 *
 * Included once, by a file that defines run(). On a Cortex-M the files are reached through
 * semihosting, and ticks_left() is the core's SysTick, which counts down in 24 bits.
 */
#ifndef EARSHOT_TEST_IMAGE_H
#define EARSHOT_TEST_IMAGE_H

#include <stdint.h>

static void run(void);

#ifdef BARE

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYSTICK_CONTROL REGISTER(0xE000E010u)
#define SYSTICK_RELOAD REGISTER(0xE000E014u)
#define SYSTICK_VALUE REGISTER(0xE000E018u)
#define COPROCESSOR_ACCESS REGISTER(0xE000ED88u)
#define CONFIGURATION REGISTER(0xE000ED14u)
#define LOW_OVERHEAD_LOOPS (1u << 19)

extern uint32_t image_stack_top[];
void image_reset(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    image_stack_top,
    (const void *)image_reset,
};

extern const uintptr_t __stack_chk_guard;
const uintptr_t __stack_chk_guard = 0x5eed;
_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void) {
    for (;;) {
    }
}

typedef uint32_t file;

static uint32_t semihosting(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static file opened(const char *name, uint32_t length, uint32_t mode) {
    const uint32_t arguments[] = {(uint32_t)name, mode, length};
    return semihosting(0x01, arguments);
}

#define TO_READ(name) opened(name, sizeof(name) - 1, 1)
#define TO_WRITE(name) opened(name, sizeof(name) - 1, 5)

static void append(file to, const void *data, uint32_t size) {
    const uint32_t arguments[] = {to, (uint32_t)data, size};
    semihosting(0x05, arguments);
}

/* False: there is less. */
static int taken(file from, void *data, uint32_t size) {
    const uint32_t arguments[] = {from, (uint32_t)data, size};
    return semihosting(0x06, arguments) == 0;
}

static uint32_t ticks_left(void) {
    return SYSTICK_VALUE;
}

#else

#include <stdio.h>

typedef FILE *file;

#define TO_READ(name) fopen(name, "rb")
#define TO_WRITE(name) fopen(name, "wb")

static void append(file to, const void *data, uint32_t size) {
    fwrite(data, size, 1, to);
}

static int taken(file from, void *data, uint32_t size) {
    return fread(data, size, 1, from) == 1;
}

static uint32_t ticks_left(void) {
    return 0;
}

#endif

#ifdef BARE

void image_reset(void) {
    COPROCESSOR_ACCESS |= 0xFu << 20;
    CONFIGURATION |= LOW_OVERHEAD_LOOPS; /* reserved, and ignored, before Armv8.1-M */
    __asm volatile("dsb\n isb");
    SYSTICK_RELOAD = 0xFFFFFFu;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5; /* on, the core's clock */
    run();
    semihosting(0x18, (const void *)0x20026u); /* QEMU ends */
    for (;;) {
    }
}

#else

int main(void) {
    run();
    return 0;
}

#endif

#endif
