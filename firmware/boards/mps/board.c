/* board.c: Arm's MPS boards as QEMU emulates them: two CMSDK UARTs, a watchdog, LEDs.
 *
 * UART0 is the link. UART1 is the microphone, in lockstep: the board writes one credit byte (the
 * number of the chunk, low eight bits) and sleeps; the host answers with a block of
 *     u32 LE    link bytes that the host has sent since its last block
 *     int16 LE  EARSHOT_CHUNK samples
 * The board takes the block and that many link bytes before it runs on, and sends the next credit
 * when all that it had to say is out. So nothing depends on how fast the host or the emulator is.
 *
 * board_cycles() counts instructions, not cycles, and only under QEMU's `-icount shift=6`, which
 * moves virtual time by 64 ns an instruction. SysTick runs only while the image works on a chunk:
 * neither sleep nor the transport of the samples is in the count.
 *
 * Owns: both UARTs, the watchdog, SysTick, the LEDs, their interrupts; 1.6 KB of RAM.
 * Costs: a dozen instructions a microphone byte, none of them counted.
 */
#include "board.h"

#include "cortexm.h"
#include "earshot.h"
#include "fault.h"
#include "memory_map.h"

struct uart {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t ctrl;
    volatile uint32_t intclear;
    volatile uint32_t bauddiv;
};
#define UART_LINK ((struct uart *)MPS_UART_LINK)
#define UART_MICROPHONE ((struct uart *)MPS_UART_MICROPHONE)
#define UART_STATE_TXFULL 1u
#define UART_STATE_RXFULL 2u
#define UART_CTRL_TX_RX_RXINT 0x0Bu
#define UART_INT_RX 2u
#define UART_BAUDDIV_LEAST 16u /* below it, the UART is off; QEMU heeds no other baud rate */

struct watchdog {
    volatile uint32_t load;
    volatile uint32_t value;
    volatile uint32_t control;
    volatile uint32_t intclr;
    uint32_t unused[764];
    volatile uint32_t lock;
};
_Static_assert(offsetof(struct watchdog, lock) == 0xC00, "as the CMSDK manual has it");
#define WATCHDOG ((struct watchdog *)MPS_WATCHDOG)
#define WATCHDOG_CONTROL_RUN_AND_RESET 3u
#define WATCHDOG_UNLOCK 0x1ACCE551u
#define WATCHDOG_SECONDS 6u /* of 64 ns an instruction: 94 M instructions */

#define SYSTICK_CTRL CORE_REGISTER(0xE000E010u)
#define SYSTICK_LOAD CORE_REGISTER(0xE000E014u)
#define SYSTICK_VALUE CORE_REGISTER(0xE000E018u)
#define SYSTICK_CTRL_RUN 7u /* core clock, interrupt, on */
#define SYSTICK_BITS 24u
#define SYSTICK_MASK ((1u << SYSTICK_BITS) - 1u)

#define SCB_CCR CORE_REGISTER(0xE000ED14u)
#define NVIC_ICER(irq) CORE_REGISTER(0xE000E180u + 4u * ((irq) / 32u))
#define NVIC_ICPR(irq) CORE_REGISTER(0xE000E280u + 4u * ((irq) / 32u))

static struct {
    uint32_t link_bytes;
    int16_t pcm[EARSHOT_CHUNK];
} block;
_Static_assert(sizeof block == sizeof(uint32_t) + EARSHOT_CHUNK * sizeof(int16_t),
               "as on the wire");

#define LINK_SPACE 512u /* a power of two */
static uint8_t link_ring[LINK_SPACE];
static uint32_t link_written; /* bytes since reset, as is link_taken */
static uint32_t link_taken;
static uint32_t link_announced; /* bytes that the blocks so far have told of */
static uint8_t credit;

static volatile uint32_t systick_wraps;
static uint64_t ticks_before; /* of the wakings that are over */
static bool awake;

/* What was known of the reset to come; a reset nobody announced is the reset button's. */
#define REASON_MAGIC 0xEA250700u
#define REASON_MAGIC_MASK 0xFFFFFF00u
__attribute__((section(".noinit"), used)) static uint32_t reason;
static enum board_reset_cause cause;

void SysTick_Handler(void);
void NMI_Handler(void);

void SysTick_Handler(void) {
    systick_wraps++;
}

/* The watchdog's first bite: remembered, and told as a fault, with the pc where the image hangs.
 * Its second bite would restart the core without a word. */
__attribute__((naked)) void NMI_Handler(void) {
    __asm volatile("ldr r0, =reason\n"
                   "ldr r1, =%c0\n"
                   "str r1, [r0]\n"
                   "ldr r0, =fault_exception\n"
                   "bx r0\n"
                   :
                   : "i"(REASON_MAGIC | BOARD_RESET_WATCHDOG));
}

static void clock_start(void) {
    systick_wraps = 0;
    SYSTICK_LOAD = SYSTICK_MASK;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = SYSTICK_CTRL_RUN;
    awake = true;
}

static uint64_t clock_ticks(void) {
    uint32_t wraps, value;
    do {
        wraps = systick_wraps;
        value = SYSTICK_VALUE;
    } while (wraps != systick_wraps);
    return ((uint64_t)wraps << SYSTICK_BITS) + ((0u - value) & SYSTICK_MASK);
}

static void clock_stop(void) {
    ticks_before += clock_ticks();
    SYSTICK_CTRL = 0;
    awake = false;
}

uint32_t board_cycles(void) {
    uint64_t ticks = ticks_before + (awake ? clock_ticks() : 0);
    return (uint32_t)(ticks * MPS_INSTRUCTIONS / MPS_TICKS);
}

/* Stopped while the board waits: a host that takes its time is not a board that hangs. */
static void watchdog_stop(void) {
    WATCHDOG->control = 0;
}

static void watchdog_start(void) {
    WATCHDOG->load = WATCHDOG_SECONDS * MPS_WATCHDOG_HZ;
    WATCHDOG->control = WATCHDOG_CONTROL_RUN_AND_RESET;
}

static void uart_start(struct uart *uart) {
    uart->bauddiv = UART_BAUDDIV_LEAST;
    uart->ctrl = UART_CTRL_TX_RX_RXINT;
}

static void uart_flush(const struct uart *uart) {
    while (uart->state & UART_STATE_TXFULL) {
    }
}

static enum board_reset_cause cause_read(void) {
    bool fault = fault_taken();
    if ((reason & REASON_MAGIC_MASK) != REASON_MAGIC) {
        return BOARD_RESET_POWER_ON;
    }
    uint32_t known = reason & ~REASON_MAGIC_MASK;
    return fault && known == BOARD_RESET_SOFTWARE ? BOARD_RESET_FAULT
                                                  : (enum board_reset_cause)known;
}

void board_init(void) {
    cause = cause_read();
    reason = REASON_MAGIC | BOARD_RESET_PIN;
    SCB_CCR |= MPS_CCR;
    uart_start(UART_LINK);
    uart_start(UART_MICROPHONE);
    WATCHDOG->lock = WATCHDOG_UNLOCK;
    watchdog_start();
    clock_start();
}

enum board_reset_cause board_reset_cause(void) {
    return cause;
}

/* Takes the one byte that the UART holds; the host's next one can only come after that. */
static bool uart_take(struct uart *uart, uint32_t irq, uint8_t *byte) {
    if (!(uart->state & UART_STATE_RXFULL)) {
        return false;
    }
    *byte = (uint8_t)uart->data;
    uart->intclear = UART_INT_RX;
    NVIC_ICPR(irq) = NVIC_BIT(irq);
    return true;
}

static void uart_wakes(uint32_t irq, bool wakes) {
    if (wakes) {
        NVIC_ISER(irq) = NVIC_BIT(irq);
    } else {
        NVIC_ICER(irq) = NVIC_BIT(irq);
    }
}

/* Sleeps until the block and the link bytes that it tells of are there. The interrupts only wake
 * the core, masked as they are: a handler a byte would cost more than the byte. */
static void block_wait(void) {
    uint8_t *bytes = (uint8_t *)&block;
    uint32_t filled = 0;

    interrupts_off();
    uart_wakes(MPS_UART_LINK_RX_IRQ, true);
    uart_wakes(MPS_UART_MICROPHONE_RX_IRQ, true);
    for (;;) {
        bool full = link_written - link_taken == LINK_SPACE;
        if (filled < sizeof block &&
            uart_take(UART_MICROPHONE, MPS_UART_MICROPHONE_RX_IRQ, &bytes[filled])) {
            filled++;
        } else if (!full && uart_take(UART_LINK, MPS_UART_LINK_RX_IRQ,
                                      &link_ring[link_written % LINK_SPACE])) {
            link_written++;
        } else if (filled == sizeof block &&
                   (full || link_announced + block.link_bytes == link_written)) {
            break;
        } else {
            __asm volatile("dsb\n wfi\n isb" ::: "memory");
        }
    }
    link_announced += block.link_bytes;
    uart_wakes(MPS_UART_LINK_RX_IRQ, false);
    uart_wakes(MPS_UART_MICROPHONE_RX_IRQ, false);
    interrupts_on();
}

const int16_t *board_audio_wait(void) {
    fault_canary_check();
    clock_stop();
    watchdog_stop();
    uart_flush(UART_LINK);
    uart_flush(UART_MICROPHONE);
    UART_MICROPHONE->data = credit++;
    block_wait();
    watchdog_start();
    clock_start();
    return block.pcm;
}

/* The microphone waits for the board here, so nothing can be lost. */
uint32_t board_audio_dropped(void) {
    return 0;
}

size_t board_link_read(uint8_t *bytes, size_t cap) {
    size_t count = 0;
    while (count < cap && link_taken != link_written) {
        bytes[count++] = link_ring[link_taken++ % LINK_SPACE];
    }
    return count;
}

void board_link_write(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uart_flush(UART_LINK);
        UART_LINK->data = bytes[i];
    }
}

/* The transmitter needs nothing that a fault could have broken, and no interrupt. */
void board_fault_write(const uint8_t *bytes, size_t count) {
    uart_start(UART_LINK);
    board_link_write(bytes, count);
}

void board_state(uint8_t code) {
    CORE_REGISTER(MPS_LEDS) = code;
}

uint64_t board_unit(void) {
    return 0;
}

_Noreturn void board_reset(void) {
    if ((reason & ~REASON_MAGIC_MASK) == BOARD_RESET_PIN) {
        reason = REASON_MAGIC | BOARD_RESET_SOFTWARE;
    }
    uart_flush(UART_LINK);
    core_restart();
}
