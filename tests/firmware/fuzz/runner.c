/* runner.c: runs networks on calls that it reads, for the fuzz.
 *
 * In, words little-endian: {network, calls}, then for each call {1 to start over} and the inputs.
 * Out: for each call {RUNNER_ bits} and the outputs, then {bytes of stack}.
 */
#include "runner.h"

#include <stddef.h>

static bool read_inputs(const struct nn_model *model, void *arena) {
    for (uint32_t i = 0; i < model->inputs; i++) {
        if (!port_read(model->input_data(arena, i), model->input[i].bytes)) {
            return false;
        }
    }
    return true;
}

static bool run_calls(const struct nn_model *model, int8_t *arena, uint32_t calls) {
    for (; calls > 0; calls--) {
        uint32_t starts_over = 0;
        uint32_t report = 0;
        if (!port_read(&starts_over, sizeof starts_over)) {
            return false;
        }
        if (starts_over != 0 && !model->init(arena)) {
            report |= RUNNER_FAILED;
        }
        if (!read_inputs(model, arena)) {
            return false;
        }
        if (!model->invoke(arena)) {
            report |= RUNNER_FAILED;
        }
        report |= port_trespasses();
        port_write(&report, sizeof report);
        for (uint32_t i = 0; i < model->outputs; i++) {
            port_write(model->output_data(arena, i), model->output[i].bytes);
        }
    }
    return true;
}

int runner_run(void) {
    uint32_t head[2];
    while (port_read(head, sizeof head)) {
        if (head[0] >= runner_network_count) {
            return 1;
        }
        const struct nn_model *model = runner_networks[head[0]];
        int8_t *arena = port_arena(model->arena_bytes);
        if (arena == NULL) {
            return 2;
        }
        if (!run_calls(model, arena, head[1])) {
            return 1;
        }
        const uint32_t stack = port_stack_bytes();
        port_write(&stack, sizeof stack);
    }
    return 0;
}
