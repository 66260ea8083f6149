/* fault.c: see fault.h. */
#include "fault.h"

#include "board.h"
#include "cortexm.h"
#include "frame.h"
#include "protocol.h"

#define CANARY 0x5AFEB077u
#define RECORD_FAULT 0xFA017EDFu

#define HANDLER_STACK 1024u /* what fault_caught() and all below it need */

extern uint32_t stack_bottom[];

/* Start-up leaves this alone: it tells the next start why the last one ended. */
__attribute__((section(".noinit"))) static struct {
    uint32_t mark;
    uint32_t complement; /* RAM that has just got power must not look like a record */
} record;

static volatile bool reporting;

/* The compiler's stack guard: a zero and a newline stop string functions that run over it. */
extern const uintptr_t __stack_chk_guard;
const uintptr_t __stack_chk_guard = 0x000AFF0Du;
_Noreturn void __stack_chk_fail(void);
_Noreturn void fault_caught(const uint32_t *frame);

static void put(struct link_log *log, const char *text) {
    while (*text != '\0' && log->text_length < LINK_LOG_TEXT_MAX) {
        log->text[log->text_length++] = *text++;
    }
}

static void put_word(struct link_log *log, const char *name, uint32_t word) {
    char digits[9];
    for (uint32_t i = 0; i < 8; i++) {
        digits[i] = "0123456789abcdef"[(word >> (28 - 4 * i)) & 0xFu];
    }
    digits[8] = '\0';
    put(log, name);
    put(log, digits);
}

/* The UART may be what is broken: a fault in here goes straight to the reset. From within a fault's
 * handler the core locks up instead, and the watchdog resets it. */
static _Noreturn void report(const struct link_log *log) {
    interrupts_off();
    record.mark = RECORD_FAULT;
    record.complement = ~RECORD_FAULT;
    if (!reporting) {
        uint8_t payload[LINK_PAYLOAD_MAX];
        uint8_t wire[LINK_WIRE_MAX];
        reporting = true;
        size_t count = link_log_pack(log, payload, sizeof payload);
        count = link_frame_encode(LINK_LOG, payload, count, wire, sizeof wire);
        board_fault_write(wire, count);
    }
    board_reset();
}

/* The exception's frame is r0, r1, r2, r3, r12, lr, pc, psr; null if the stack had no room for it.
 */
_Noreturn void fault_caught(const uint32_t *frame) {
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    struct link_log log = {.level = LINK_LOG_LEVEL_ERROR};
    put_word(&log, "fault: exception ", exception);
    if (frame) {
        put_word(&log, " pc ", frame[6]);
        put_word(&log, " lr ", frame[5]);
    } else {
        put(&log, " stack overflow");
    }
    put_word(&log, " cfsr ", SCB_CFSR);
    put_word(&log, " hfsr ", SCB_HFSR);
    put_word(&log, " bfar ", SCB_BFAR);
    report(&log);
}

/* Takes a fresh stack if the old one has no room left to report. */
__attribute__((naked)) void fault_exception(void) {
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =stack_bottom\n"
                   "ldr r3, =%c0\n"
                   "add r2, r1, r3\n"
                   "cmp r0, r2\n"
                   "bhs 1f\n"
                   "ldr r2, =stack_top\n"
                   "mov sp, r2\n"
                   "cmp r0, r1\n"
                   "bhs 1f\n"
                   "movs r0, #0\n"
                   "1: ldr r1, =fault_caught\n"
                   "bx r1\n"
                   :
                   : "i"(HANDLER_STACK));
}

#define DEFAULT __attribute__((weak, alias("fault_exception")))
DEFAULT void NMI_Handler(void);
DEFAULT void SVC_Handler(void);
DEFAULT void PendSV_Handler(void);
DEFAULT void SysTick_Handler(void);

_Noreturn void fault_stop(const char *why) {
    struct link_log log = {.level = LINK_LOG_LEVEL_ERROR};
    put(&log, "fault: ");
    put(&log, why);
    put_word(&log, " lr ", (uint32_t)(uintptr_t)__builtin_return_address(0));
    report(&log);
}

_Noreturn void __stack_chk_fail(void) {
    fault_stop("stack smashed");
}

bool fault_taken(void) {
    bool taken = record.mark == RECORD_FAULT && record.complement == ~RECORD_FAULT;
    record.mark = 0;
    record.complement = 0;
    return taken;
}

void fault_canary_set(void) {
    stack_bottom[0] = CANARY;
}

void fault_canary_check(void) {
    if (stack_bottom[0] != CANARY) {
        fault_stop("stack overflow");
    }
}
