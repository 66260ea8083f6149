/* runner_networks.c: runs networks on the inputs in calls.bin and tells results.bin what they gave
 * and took. All numbers are 32 bits, little-endian.
 *
 *   calls.bin    jobs: network, calls, bytes of a call's inputs; then the inputs
 *   results.bin  the calibration; two hooks of the trace with nothing between; then for each call
 * its readings before and after, the number of hooks and for each its operator and reading, the
 * number of bytes of output and those; after a job's last call the bytes of stack that its first
 * one used
 */
#include <stddef.h>

#include "engine.h"
#include "runner.h"

/* Generated with the image. */
extern const struct nn_model *const bench_networks[];
extern const uint32_t bench_network_count;
extern int8_t bench_arena[];

struct event {
    uint32_t operator_index;
    struct runner_time time;
};

static struct {
    uint32_t count;
    struct event events[BENCH_TRACE_EVENTS + 2];
} trace;

void nn_trace(uint32_t operator_index);

/* Called by a network compiled with modelc's trace=True round each step; always as many
 * instructions. */
__attribute__((noinline)) void nn_trace(uint32_t operator_index) {
    const uint32_t at = trace.count < BENCH_TRACE_EVENTS + 1 ? trace.count : BENCH_TRACE_EVENTS + 1;
    trace.events[at].operator_index = operator_index;
    trace.count++;
    runner_now(&trace.events[at].time);
}

static void calibrate_trace(void) {
    trace.count = 0;
    nn_trace(1);
    nn_trace(2);
    runner_write(trace.events, 2 * sizeof trace.events[0]);
}

static void read_inputs(const struct nn_model *model, uint32_t bytes) {
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < model->inputs; i++) {
        wanted += model->input[i].bytes;
    }
    if (wanted != bytes) {
        runner_fail("calls.bin holds inputs of another size than the network's");
    }
    for (uint32_t i = 0; i < model->inputs; i++) {
        if (!runner_read(model->input_data(bench_arena, i), model->input[i].bytes)) {
            runner_fail("calls.bin ends within a call");
        }
    }
}

static void write_outputs(const struct nn_model *model) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < model->outputs; i++) {
        bytes += model->output[i].bytes;
    }
    runner_write(&bytes, sizeof bytes);
    for (uint32_t i = 0; i < model->outputs; i++) {
        runner_write(model->output_data(bench_arena, i), model->output[i].bytes);
    }
}

static void run(const struct nn_model *model, uint32_t calls, uint32_t bytes) {
    uint32_t stack = 0;
    model->init(bench_arena);
    for (uint32_t call = 0; call < calls; call++) {
        struct runner_span span;
        read_inputs(model, bytes);
        trace.count = 0;
        if (call == 0) {
            runner_hold_clock(true);
            runner_stack_paint();
            runner_measure(model->invoke, bench_arena, &span);
            stack = runner_stack_used();
            runner_hold_clock(false);
        } else {
            runner_measure(model->invoke, bench_arena, &span);
        }
        if (trace.count > BENCH_TRACE_EVENTS) {
            runner_fail("more hooks than the image has room for");
        }
        runner_write(&span, sizeof span);
        runner_write(&trace.count, sizeof trace.count);
        runner_write(trace.events, trace.count * (uint32_t)sizeof trace.events[0]);
        write_outputs(model);
    }
    runner_write(&stack, sizeof stack);
}

void runner_main(void) {
    uint32_t job[3];
    runner_calibrate();
    calibrate_trace();
    while (runner_read(job, sizeof job)) {
        if (job[0] >= bench_network_count) {
            runner_fail("calls.bin names a network that the image does not have");
        }
        run(bench_networks[job[0]], job[1], job[2]);
    }
}
