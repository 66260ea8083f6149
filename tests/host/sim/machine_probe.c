/* machine_probe.c: a computation with flags, IT blocks and floating point, and interrupts that
 * spoil every register they may. Its result must not depend on when they come. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RESULTS                                                                                    \
    0x10000000u /* result, interrupts of the low and of the high priority, deepest nesting,        \
                   misaligned */

extern uint32_t stack_top[];
void reset(void);
void low(void);
void high(void);
void supervisor(void);

__attribute__((section(".vectors"), used)) static void (*const vectors[16 + 32])(void) = {
    (void (*)(void))(uintptr_t)stack_top, reset, [11] = supervisor, [16 + 3] = low, [16 + 7] = high,
};

static void nest(uint32_t counter, int32_t by) {
    uint32_t depth = REG(RESULTS + 12u) & 0xFFFFu;
    uint32_t deepest = REG(RESULTS + 12u) >> 16;
    depth = (uint32_t)((int32_t)depth + by);
    deepest = depth > deepest ? depth : deepest;
    REG(RESULTS + 12u) = deepest << 16 | depth;
    REG(RESULTS + counter) += by > 0;
}

#define SPOIL                                                                                      \
    __asm volatile("movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n mov r12, r0\n vmov "   \
                   "s0, r0\n vmov s1, r0\n"                                                        \
                   "vmov s2, r0\n vmov s15, r0\n cmp r0, #1" ::                                    \
                       : "r0", "r1", "r2", "r3", "r12", "cc", "s0", "s1", "s2", "s15")
#define ALIGNED                                                                                    \
    do {                                                                                           \
        uint32_t stack;                                                                            \
        __asm volatile("mov %0, sp" : "=r"(stack));                                                \
        REG(RESULTS + 16u) |= stack & 3u;                                                          \
    } while (0)

void low(void) {
    nest(4, 1);
    SPOIL;
    ALIGNED;
    for (volatile int i = 0; i < 20; i++) {
    }
    nest(4, -1);
}

void high(void) {
    nest(8, 1);
    SPOIL;
    nest(8, -1);
}

void supervisor(void) {
    REG(RESULTS + 20u) += 1;
    SPOIL;
}

__attribute__((naked, noinline)) static uint32_t compute(__attribute__((unused)) uint32_t turns) {
    __asm volatile(
        "push {r4, r5, r6, lr}\n"
        "sub sp, #4\n" /* misaligned for half of the time */
        "movs r1, #1\n movs r2, #0\n mov r12, r0\n"
        "vmov s0, r1\n vcvt.f32.u32 s0, s0\n vmov.f32 s1, s0\n vmov.f32 s15, #0.5\n"
        "1: adds r2, r2, r1\n"
        "lsls r3, r2, #3\n"
        "b 2f\n" /* a block ends, with the carry in use */
        "2:\n"
        "adcs r1, r1, r3\n"
        "ite cs\n addcs r1, r1, #7\n eorcc r1, r1, r2\n"
        "cmp r1, r2\n"
        "itett hi\n subhi r1, r1, #3\n addls r2, r2, #5\n eorhi r2, r2, r1\n addhi r1, r1, #1\n"
        "vmla.f32 s1, s0, s15\n"
        "vmul.f32 s2, s1, s15\n"
        "vcmp.f32 s2, s0\n vmrs APSR_nzcv, fpscr\n"
        "it gt\n addgt r2, r2, #1\n"
        "subs r12, r12, #1\n"
        "bne 1b\n"
        "vmov r3, s1\n eors r2, r2, r3\n vmov r3, s2\n eors r2, r2, r3\n"
        "eor r0, r1, r2\n"
        "add sp, #4\n pop {r4, r5, r6, pc}\n");
}

void reset(void) {
    REG(0xE000ED88u) |= 0xFu << 20;
    REG(0xE000E400u) = 0x80u << 24; /* interrupt 3: low; 7: the highest */
    REG(0xE000E100u) = 1u << 3 | 1u << 7;
    uint32_t result = 0;
    for (uint32_t i = 0; i < 4; i++) {
        result += compute(500);
        __asm volatile("svc #0" ::: "memory");
    }
    REG(RESULTS) = result;
    for (;;) {
        __asm volatile("wfi");
    }
}
