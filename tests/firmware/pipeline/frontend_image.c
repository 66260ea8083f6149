/* frontend_image.c: the front end alone on an emulated Cortex-M: log-mel of a file of samples.
 *
 * Reads int16 samples from pcm.raw, through semihosting, and writes the log-mel of all its chunks to
 * logmel.raw, then the SysTick ticks that each took, uint32, to ticks.raw.
 */
#include <stddef.h>
#include <string.h>

#include "frontend.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYSTICK_CONTROL REGISTER(0xE000E010u)
#define SYSTICK_RELOAD REGISTER(0xE000E014u)
#define SYSTICK_VALUE REGISTER(0xE000E018u)
#define COPROCESSOR_ACCESS REGISTER(0xE000ED88u)
#define READ_BINARY 1u
#define WRITE_BINARY 5u

extern uint32_t image_stack_top[];
void image_reset(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    image_stack_top,
    (const void *)image_reset,
};

static struct frontend frontend;

static uint32_t semihosting(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t opened(const char *name, uint32_t mode) {
    const uint32_t arguments[] = {(uint32_t)name, mode, strlen(name)};
    return semihosting(0x01, arguments);
}

static void written(uint32_t file, const void *data, uint32_t size) {
    const uint32_t arguments[] = {file, (uint32_t)data, size};
    semihosting(0x05, arguments);
}

/* The bytes that the file lacked. */
static uint32_t missing(uint32_t file, void *data, uint32_t size) {
    const uint32_t arguments[] = {file, (uint32_t)data, size};
    return semihosting(0x06, arguments);
}

void image_reset(void) {
    COPROCESSOR_ACCESS |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    SYSTICK_RELOAD = 0xFFFFFFu;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5; /* on, the core's clock */
    const uint32_t pcm_file = opened("pcm.raw", READ_BINARY);
    const uint32_t logmel_file = opened("logmel.raw", WRITE_BINARY);
    const uint32_t ticks_file = opened("ticks.raw", WRITE_BINARY);
    int16_t pcm[FRONTEND_CHUNK], logmel_q8[2 * FRONTEND_BANDS];

    frontend_init(&frontend, &TABLES);
    while (missing(pcm_file, pcm, sizeof pcm) == 0) {
        const uint32_t before = SYSTICK_VALUE;
        frontend_chunk(&frontend, pcm, logmel_q8);
        const uint32_t ticks = (before - SYSTICK_VALUE) & 0xFFFFFFu;
        written(logmel_file, logmel_q8, sizeof logmel_q8);
        written(ticks_file, &ticks, sizeof ticks);
    }
    semihosting(0x18, (const void *)0x20026u);
    for (;;) {
    }
}
