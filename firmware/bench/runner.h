/* runner.h: what a program that measures on QEMU's MPS boards needs: a start, a clock that counts
 * instructions exactly, files of the host, an end.
 *
 * The clock is SysTick under QEMU's `-icount shift=6`, where an instruction takes 64 ns and a tick
 * less (40 ns at 25 MHz, 31.25 ns at 32 MHz): the ticks since the start leave no doubt about the
 * count of instructions, once loops of known length have shown how far into a tick the clock was
 * started. The counter has 24 bits; its interrupt, always five instructions, counts the wraps. The
 * host does the sums (clock.py).
 *
 * Owns: SysTick, the vector table, the host's files calls.bin and results.bin.
 * Costs: nothing that is counted: the fixed cost of a reading is measured and taken off.
 */
#ifndef EARSHOT_BENCH_RUNNER_H
#define EARSHOT_BENCH_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

/* As the host's Reading. */
struct runner_time {
    uint32_t wraps;   /* of the counter so far */
    uint32_t elapsed; /* ticks since the last one */
    uint32_t handled; /* wraps whose interrupt has been taken: its instructions are in the count */
};

/* Always the same number of instructions. */
void runner_now(struct runner_time *time);

struct runner_span {
    struct runner_time from, to;
};

/* Reads the clock before and after function(argument). */
void runner_measure(bool (*function)(void *), void *argument, struct runner_span *span);

/* Writes to results.bin, RUNNER_CALIBRATIONS times, the span of some loops and their number: each
 * loop is two instructions, and one returns. */
void runner_calibrate(void);
#define RUNNER_CALIBRATIONS 1000u /* an instruction begins at 125 places of a tick at 32 MHz */

/* Holds the clock's interrupt, so that it leaves no frame on the stack; one wrap is remembered. */
void runner_hold_clock(bool hold);

/* False at the end of the file. */
bool runner_read(void *bytes, uint32_t count);
void runner_write(const void *bytes, uint32_t count);

/* Ends the emulation with exit code 1 and a sentence for the host. */
_Noreturn void runner_fail(const char *why);

/* The program; the emulation ends with exit code 0 when it returns. */
void runner_main(void);

/* Paints the stack below the caller; then the bytes that have been used below that point;
 * an overflow is a failure. */
void runner_stack_paint(void);
uint32_t runner_stack_used(void);

#endif
