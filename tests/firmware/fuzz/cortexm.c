/* cortexm.c: the runner on a bare Cortex-M in QEMU.
 *
 * Files come and go by semihosting: inputs.bin and outputs.bin in QEMU's folder. The arena ends
 * where memory ends, so that reading past it faults as well, and has a guard before it; the stack
 * begins where memory begins and is painted before each network. A fault ends the run with exit
 * code 1; what was written until then says where.
 */
#include <stddef.h>
#include <string.h>

#include "runner.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define COPROCESSOR_ACCESS REGISTER(0xE000ED88u)
#define MPU_CONTROL REGISTER(0xE000ED94u)
#define MPU_REGION REGISTER(0xE000ED98u)
#define MPU_ADDRESS REGISTER(0xE000ED9Cu)
#define MPU_SIZE REGISTER(0xE000EDA0u)

enum { GUARD_BYTES = 1024, ALIGNMENT = 16, RUBBISH = 0xA5, PAINT = 0x5AC3C35A };

extern uint32_t runner_stack_bottom[];
extern uint32_t runner_stack_top[];
extern int8_t runner_memory[];
extern int8_t runner_memory_end[];
_Noreturn void runner_reset(void);

static uint32_t input_file;
static uint32_t output_file;
static int8_t *arena;
static uint32_t arena_bytes;

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT = 0x18 };
enum { EXIT_WELL = 0x20026, EXIT_FAULT = 0x20023 };

static uint32_t semihosting(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static _Noreturn void leave(uint32_t reason) {
    semihosting(SYS_EXIT, (const void *)reason);
    for (;;) {
    }
}

static _Noreturn void fault(void) {
    leave(EXIT_FAULT);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    runner_stack_top,    (const void *)runner_reset, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault,        (const void *)fault, (const void *)fault,
};

static uint32_t open_file(const char *name, uint32_t mode) {
    const uint32_t block[3] = {(uint32_t)name, mode, (uint32_t)strlen(name)};
    return semihosting(SYS_OPEN, block);
}

bool port_read(void *data, uint32_t bytes) {
    const uint32_t block[3] = {input_file, (uint32_t)data, bytes};
    return bytes == 0 || semihosting(SYS_READ, block) == 0;
}

void port_write(const void *data, uint32_t bytes) {
    const uint32_t block[3] = {output_file, (uint32_t)data, bytes};
    if (bytes > 0 && semihosting(SYS_WRITE, block) != 0) {
        fault();
    }
}

/* Not below this function's own frame, and not inlined: what it paints must not be in use. */
static __attribute__((noinline)) void paint_stack(void) {
    uint32_t here;
    __asm volatile("mov %0, sp" : "=r"(here));
    for (volatile uint32_t *word = runner_stack_bottom; (uint32_t)word < here - 64; word++) {
        *word = PAINT;
    }
}

int8_t *port_arena(uint32_t bytes) {
    const uint32_t room = (uint32_t)runner_memory_end - (uint32_t)runner_memory;
    const uint32_t taken = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes > room || taken + GUARD_BYTES > room) {
        return NULL;
    }
    arena = runner_memory_end - taken;
    arena_bytes = bytes;
    memset(arena - GUARD_BYTES, RUBBISH, GUARD_BYTES + taken);
    paint_stack();
    return arena;
}

static bool is_untouched(const int8_t *from, const int8_t *end) {
    while (from < end && *from == (int8_t)RUBBISH) {
        from++;
    }
    return from == end;
}

uint32_t port_trespasses(void) {
    return (is_untouched(arena - GUARD_BYTES, arena) ? 0u : RUNNER_WROTE_BEFORE) |
           (is_untouched(arena + arena_bytes, runner_memory_end) ? 0u : RUNNER_WROTE_BEHIND);
}

uint32_t port_stack_bytes(void) {
    const uint32_t *word = runner_stack_bottom;
    while ((uint32_t)word < (uint32_t)runner_stack_top && *word == PAINT) {
        word++;
    }
    return (uint32_t)runner_stack_top - (uint32_t)word;
}

#if __ARM_ARCH < 8
/* Makes 2^log2_bytes of memory a region of the Armv7-M memory protection unit, without access. */
static void forbid(uint32_t region, uint32_t address, uint32_t log2_bytes) {
    MPU_REGION = region;
    MPU_ADDRESS = address;
    MPU_SIZE = (log2_bytes - 1) << 1 | 1;
}
#endif

void runner_reset(void) {
    COPROCESSOR_ACCESS |= 0xFu << 20;
    __asm volatile("dsb\n isb" ::: "memory");
#if __ARM_ARCH >= 8
    __asm volatile("msr msplim, %0" ::"r"(runner_stack_bottom));
#else
    /* What borders on the memory of stack and arena is an alias or reads as zero. */
    forbid(0, 0x10000000u, 28);
    forbid(1, 0x20400000u, 22);
    MPU_CONTROL = 5; /* on; all else as without it */
    __asm volatile("dsb\n isb" ::: "memory");
#endif
    input_file = open_file("inputs.bin", 1);
    output_file = open_file("outputs.bin", 5);
    if (input_file == UINT32_MAX || output_file == UINT32_MAX) {
        fault();
    }
    leave(runner_run() == 0 ? EXIT_WELL : EXIT_FAULT);
}
