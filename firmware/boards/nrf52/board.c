/* board.c: any board with Nordic's nRF52840, from registers up; board.toml has what differs.
 *
 * The PDM's EasyDMA fills the chunks of a ring in turn. It takes the next chunk's address as it
 * starts on a chunk, and the interrupt of that start names the one after: the core may be a whole
 * chunk late. Where no chunk is free it fills the same one again, which is counted as dropped.
 *
 * The microphone's rate hangs on the crystal oscillator, which runs from its start on. Sleep is
 * WFI in System ON, the crystal of 32 768 Hz going on; the RTC wakes the core where the microphone
 * does not.
 *
 * Owns: clocks, DC/DC, RAM sections, pins, PDM, RTC0, watchdog. Costs: an interrupt a chunk.
 */
#include "board.h"

#include "awake.h"
#include "board_facts.h"
#include "cortexm.h"
#include "fault.h"
#include "listener.h"
#include "microphone.h"
#include "nrf52.h"
#include "registers.h"

#define LFCLK_HZ 32768u
#define RTC_MASK 0xFFFFFFu /* it counts in 24 bits */
#define WATCHDOG_SECONDS 2u
#define WATCHDOG_FEED 0x6E524635u
#define CHUNK_TICKS (EARSHOT_CHUNK * LFCLK_HZ / BOARD_RATE)
#define SILENT_CHUNKS 4u /* without one: the microphone has stopped */

#define SMALL_RAM_BYTES (64u * 1024u) /* RAM0 to RAM7; RAM8 has six sections behind it */
#define SECTION_BYTES (32u * 1024u)
#define SECTIONS ((BOARD_RAM_BYTES - SMALL_RAM_BYTES + SECTION_BYTES - 1u) / SECTION_BYTES)
#define SECTIONS_ALL 0x3Fu
#define SECTIONS_OFF (SECTIONS_ALL & ~((1u << SECTIONS) - 1u))

_Static_assert(BOARD_RAM_BYTES >= SMALL_RAM_BYTES && SECTIONS <= 6, "the chip's RAM");
_Static_assert(BOARD_MIC_CLOCK_HZ == 1280000u && BOARD_RATE == 16000u, "1.280 MHz / 80");
_Static_assert(BOARD_MIC_GAIN_HALF_DB >= -40 && BOARD_MIC_GAIN_HALF_DB <= 40, "GAINL's range");

static struct {
    bool started;   /* it has taken up its first chunk */
    bool onward;    /* its next chunk is another one */
    uint32_t ticks; /* RTC at the start of the chunk under way */
} dma;

static enum board_reset_cause cause;

static void rtc_interrupt(void);
static void pdm_interrupt(void);

#define NONE fault_exception
#define INTERRUPTS 48u
#define AFTER(name) (name##_IRQn + 1u)
#define BEFORE(name) (name##_IRQn - 1u)
__attribute__((section(".vectors.board"),
               used)) static void (*const board_vectors[INTERRUPTS])(void) = {
    [0 ... BEFORE(UARTE0_UART0)] = NONE,          [UARTE0_UART0_IRQn] = uart_interrupt,
    [AFTER(UARTE0_UART0)... BEFORE(RTC0)] = NONE, [RTC0_IRQn] = rtc_interrupt,
    [AFTER(RTC0)... BEFORE(PDM)] = NONE,          [PDM_IRQn] = pdm_interrupt,
    [AFTER(PDM)... INTERRUPTS - 1u] = NONE,
};

void pins_start(void) {
    static const uint8_t state_pins[] = BOARD_STATE_PINS;
    pin_output(BOARD_LINK_TX_PAD, true);
    pin_set(BOARD_LINK_RX_PAD, P0_PIN_CNF0_INPUT_Connect | P0_PIN_CNF0_PULL_Pullup);
    for (uint32_t i = 0; i < BOARD_STATE_PIN_COUNT; i++) {
        pin_output(state_pins[i], false);
    }
}

/* Only the RAM that the image uses keeps power; an erased cache line costs nothing. */
static void power_start(void) {
#ifdef BOARD_DCDC
    POWER_DCDCEN = POWER_DCDCEN_DCDCEN_Enabled;
#endif
    POWER_RAM8_POWERCLR = SECTIONS_OFF;
    NVMC_ICACHECNF = NVMC_ICACHECNF_CACHEEN_Enabled;
}

/* It runs from its RC oscillator until the crystal is up, or for ever where there is none: nobody
 * waits for it. A watchdog that went on over a reset has kept it running, and its source stands. */
static void low_clock_start(void) {
    if (!(CLOCK_LFCLKSTAT & CLOCK_LFCLKSTAT_STATE_Msk)) {
        CLOCK_LFCLKSRC = CLOCK_LFCLKSRC_SRC_Xtal;
    }
    CLOCK_TASKS_LFCLKSTART = 1;
    RTC0_PRESCALER = 0;
    RTC0_TASKS_START = 1;
}

static void clocks_start(void) {
    CLOCK_EVENTS_HFCLKSTARTED = 0;
    CLOCK_TASKS_HFCLKSTART = 1;
    event_wait(&CLOCK_EVENTS_HFCLKSTARTED);
    awake_start();
}

void watchdog_feed(void) {
    WDT_RR0 = WATCHDOG_FEED;
}

/* It goes on over a software reset, and cannot be set anew then. */
static void watchdog_start(void) {
    if (!(WDT_RUNSTATUS & WDT_RUNSTATUS_RUNSTATUS_Msk)) {
        WDT_CONFIG = WDT_CONFIG_SLEEP_Run | WDT_CONFIG_HALT_Pause;
        WDT_CRV = WATCHDOG_SECONDS * LFCLK_HZ - 1u;
        WDT_RREN = WDT_RREN_RR0_Enabled;
        WDT_TASKS_START = 1;
    }
    watchdog_feed();
}

/* The chip does not tell a brown-out from power coming. */
static enum board_reset_cause cause_read(void) {
    uint32_t why = POWER_RESETREAS;
    bool fault = fault_taken();
    POWER_RESETREAS = why; /* ones clear: the bits would add up */
    if (why & POWER_RESETREAS_DOG_Msk) {
        return BOARD_RESET_WATCHDOG;
    }
    if (why & POWER_RESETREAS_LOCKUP_Msk) {
        return BOARD_RESET_FAULT;
    }
    if (why & POWER_RESETREAS_SREQ_Msk) {
        return fault ? BOARD_RESET_FAULT : BOARD_RESET_SOFTWARE;
    }
    if (why & POWER_RESETREAS_RESETPIN_Msk) {
        return BOARD_RESET_PIN;
    }
    return why == 0 ? BOARD_RESET_POWER_ON : BOARD_RESET_UNKNOWN;
}

static void silence_after(uint32_t ticks) {
    RTC0_CC0 = (ticks + SILENT_CHUNKS * CHUNK_TICKS) & RTC_MASK;
}

void microphone_start(void) {
#ifdef BOARD_MIC_POWER_PAD
    pin_output(BOARD_MIC_POWER_PAD, true);
#endif
    pin_output(BOARD_MIC_CLOCK_PAD, false);
    pin_set(BOARD_MIC_DATA_PAD, P0_PIN_CNF0_INPUT_Connect);
    PDM_PSEL_CLK = BOARD_MIC_CLOCK_PAD;
    PDM_PSEL_DIN = BOARD_MIC_DATA_PAD;
    PDM_PDMCLKCTRL = PDM_PDMCLKCTRL_FREQ_1280K;
    PDM_RATIO = PDM_RATIO_RATIO_Ratio80;
    PDM_MODE = PDM_MODE_OPERATION_Mono |
               (BOARD_MIC_RIGHT ? PDM_MODE_EDGE_LeftRising : PDM_MODE_EDGE_LeftFalling);
    PDM_GAINL = (uint32_t)(PDM_GAINL_GAINL_DefaultGain + BOARD_MIC_GAIN_HALF_DB);
    PDM_GAINR = PDM_GAINL;
    PDM_SAMPLE_PTR = (uint32_t)(uintptr_t)microphone_chunk(0);
    PDM_SAMPLE_MAXCNT = EARSHOT_CHUNK;
    PDM_ENABLE = PDM_ENABLE_ENABLE_Enabled;
    PDM_INTENSET = PDM_INTENSET_STARTED_Msk;
    NVIC_ISER(PDM_IRQn) = NVIC_BIT(PDM_IRQn);
    silence_after(RTC0_COUNTER);
    RTC0_INTENSET = RTC0_INTENSET_COMPARE0_Msk;
    NVIC_ISER(RTC0_IRQn) = NVIC_BIT(RTC0_IRQn);
    PDM_TASKS_START = 1;
}

/* Starts that passed since the last one that was seen: the time tells, if there was more than one.
 * Remembers when the last one was: now, unless this interrupt is clearly late. */
static uint32_t pdm_starts(uint32_t ticks) {
    uint32_t elapsed = (ticks - dma.ticks) & RTC_MASK;
    uint32_t starts = (elapsed + CHUNK_TICKS / 8u) / CHUNK_TICKS;
    uint32_t late = elapsed - starts * CHUNK_TICKS;
    dma.ticks = starts > 0 && late < CHUNK_TICKS ? ticks - late : ticks;
    return starts > 0 ? starts : 1u;
}

static void pdm_interrupt(void) {
    event_take(&PDM_EVENTS_STARTED);
    uint32_t ticks = RTC0_COUNTER;
    if (dma.started) {
        uint32_t lost = pdm_starts(ticks);
        if (dma.onward) {
            microphone.filled++;
            lost--; /* what came after it went over the next one, again and again */
        }
        microphone.dropped += lost * EARSHOT_CHUNK;
    } else {
        dma.ticks = ticks;
        dma.started = true;
    }
    dma.onward = microphone.filled + 1u - microphone.released < MICROPHONE_CHUNKS;
    uint32_t next = microphone.filled + dma.onward;
    PDM_SAMPLE_PTR = (uint32_t)(uintptr_t)microphone_chunk(next);
    silence_after(ticks);
}

/* Late itself, it may come before the PDM's, which is no less late. */
static void rtc_interrupt(void) {
    event_take(&RTC0_EVENTS_COMPARE0);
    if (!PDM_EVENTS_STARTED) {
        fault_stop("the microphone has stopped");
    }
}

void board_init(void) {
    cause = cause_read();
    low_clock_start();
    watchdog_start(); /* now: what follows waits for a clock, and may fault */
    power_start();
    clocks_start();
    pins_start();
    uart_start();
    interrupts_on();
}

enum board_reset_cause board_reset_cause(void) {
    return cause;
}

void core_sleep(void) {
    awake_sleep();
}

uint32_t board_cycles(void) {
    return awake_cycles();
}

void board_state(uint8_t code) {
    static const uint8_t state_pins[] = BOARD_STATE_PINS;
    for (uint32_t i = 0; i < BOARD_STATE_PIN_COUNT; i++) {
        pin_drive(state_pins[i], (code & (1u << i)) != 0);
    }
}

/* Whatever is still to be sent goes first. */
_Noreturn void board_reset(void) {
    interrupts_off();
    uart_flush();
    core_restart();
}
