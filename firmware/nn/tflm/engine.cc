/* engine.cc: a network on TFLite Micro's interpreter, behind engine.h (engine=tflm).
 *
 * Compiled once a network: TFLM_NETWORK is the NAME_tflm.h that modelc generates, with all that is
 * known of the network before it runs. The interpreter overwrites its inputs as it goes, so every
 * state is kept beside its arena, and copied in before and out after each call.
 *
 * Owns: nothing; the interpreter, its operators and the states are in the caller's arena, and two
 * arenas are two instances. Costs: NAME_ARENA_BYTES; init() prepares every operator anew; invoke()
 * copies every state twice. No heap, no exceptions, no run-time types.
 */
#include TFLM_NETWORK

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <new>

#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"

namespace {

constexpr size_t kAlignment = 16;

struct alignas(kAlignment) Instance {
    tflite::MicroMutableOpResolver<network::kOperators> operators;
    tflite::MicroAllocator *allocator;
    tflite::MicroInterpreter interpreter;
    bool ready;
    int8_t states[network::kStateBytes + 1];

    Instance(uint8_t *memory, size_t bytes)
        : allocator(tflite::MicroAllocator::Create(memory, bytes)),
          interpreter(tflite::GetModel(network::kData), operators, allocator,
                      network::kVariables == 0 ? nullptr
                                               : tflite::MicroResourceVariables::Create(
                                                     allocator, int{network::kVariables})),
          ready(false) {}
};

static_assert(network::kArenaBytes >= sizeof(Instance) + network::kRecordBytes,
              "tflm_arena is less than what TFLite Micro notes of this network; give more, or "
              "leave it out");

Instance *instance_in(void *arena) {
    return static_cast<Instance *>(arena);
}

bool add_operators(Instance *instance) {
    bool added = true;
#define ADD(method) added = added && instance->operators.method() == kTfLiteOk;
    NETWORK_OPERATORS(ADD)
#undef ADD
    return added;
}

bool holds(const TfLiteTensor *tensor, uint32_t bytes) {
    return tensor != nullptr && tensor->bytes == bytes && tensor->data.int8 != nullptr;
}

/* The library and this file must agree on what a tensor is: another flag or version shows here. */
bool is_as_generated(tflite::MicroInterpreter *interpreter) {
    bool right = interpreter->inputs_size() == network::kFileInputs &&
                 interpreter->outputs_size() == network::kFileOutputs;
    for (const network::State &state : network::kStates) {
        right = right && (holds(interpreter->input(state.input_slot), state.bytes) &&
                          holds(interpreter->output(state.output_slot), state.bytes));
    }
    for (uint32_t i = 0; i < network::kInputs.size(); i++) {
        right =
            right && holds(interpreter->input(network::kInputSlots[i]), network::kInputs[i].bytes);
    }
    for (uint32_t i = 0; i < network::kOutputs.size(); i++) {
        right = right &&
                holds(interpreter->output(network::kOutputSlots[i]), network::kOutputs[i].bytes);
    }
    return right;
}

bool init(void *arena) {
    uint8_t *const memory = static_cast<uint8_t *>(arena);
    Instance *const instance =
        new (arena) Instance(memory + sizeof(Instance), network::kArenaBytes - sizeof(Instance));
    if (!add_operators(instance) || instance->interpreter.AllocateTensors() != kTfLiteOk) {
        MicroPrintf("%s: TFLite Micro cannot work with the %u bytes of its arena, or lacks an "
                    "operator; scons tflm_arena=BYTES gives it more",
                    network::kName, static_cast<unsigned>(network::kArenaBytes));
        return false;
    }
    if (!is_as_generated(&instance->interpreter)) {
        MicroPrintf("%s: TFLite Micro sees other tensors than modelc; was the library compiled "
                    "with TF_LITE_STATIC_MEMORY?",
                    network::kName);
        return false;
    }
    for (const network::State &state : network::kStates) {
        memset(instance->states + state.offset, state.zero_point, state.bytes);
    }
    instance->ready = true;
    return true;
}

bool invoke(void *arena) {
    Instance *const instance = instance_in(arena);
    if (!instance->ready) {
        return false;
    }
    for (const network::State &state : network::kStates) {
        memcpy(instance->interpreter.input(state.input_slot)->data.int8,
               instance->states + state.offset, state.bytes);
    }
    if (instance->interpreter.Invoke() != kTfLiteOk) {
        return false;
    }
    for (const network::State &state : network::kStates) {
        memcpy(instance->states + state.offset,
               instance->interpreter.output(state.output_slot)->data.int8, state.bytes);
    }
    return true;
}

int8_t *input_data(void *arena, uint32_t index) {
    Instance *const instance = instance_in(arena);
    if (!instance->ready || index >= network::kInputs.size()) {
        return nullptr;
    }
    return instance->interpreter.input(network::kInputSlots[index])->data.int8;
}

const int8_t *output_data(const void *arena, uint32_t index) {
    /* The interpreter's own look-up is not const; it changes nothing. */
    Instance *const instance = instance_in(const_cast<void *>(arena));
    if (!instance->ready || index >= network::kOutputs.size()) {
        return nullptr;
    }
    return instance->interpreter.output(network::kOutputSlots[index])->data.int8;
}

} // namespace

extern "C" const struct nn_model NETWORK_MODEL = {
    network::kName,
    network::kCrc32,
    network::kArenaBytes,
    network::kInputs.size(),
    network::kOutputs.size(),
    network::kInputs.data(),
    network::kOutputs.data(),
    init,
    invoke,
    input_data,
    output_data,
};

#ifdef TFLM_FREESTANDING

/* What an image lacks: a log, and the ends that C++ and the library call where nothing can go on.
 * The trap is a fault, which the board reports. */
extern "C" {
__attribute__((weak)) void DebugLog(const char *, va_list) {}

__attribute__((weak)) int DebugVsnprintf(char *buffer, size_t bytes, const char *, va_list) {
    if (bytes > 0) {
        buffer[0] = '\0';
    }
    return 0;
}

__attribute__((weak, noreturn)) void abort() {
    __builtin_trap();
}

__attribute__((weak, noreturn)) void __assert_func(const char *, int, const char *, const char *) {
    __builtin_trap();
}

__attribute__((weak, noreturn)) void __cxa_pure_virtual() {
    __builtin_trap();
}
}

__attribute__((weak)) void operator delete(void *) noexcept {
    __builtin_trap();
}

__attribute__((weak)) void operator delete(void *, size_t) noexcept {
    __builtin_trap();
}

#endif
