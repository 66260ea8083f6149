/* counter.c: counts the instructions that Unicorn executes, and stops it when a budget is spent or
 * when interrupts are let through again.
 *
 * Unicorn calls counter_block() before each translated block. A block is counted as a whole when it
 * starts; if the core leaves it early, counter_uncount() takes the rest off again. Instructions
 * that an IT block skips are counted: the core spends a cycle on each.
 *
 * Owns: struct counter, its caller's. Costs: a table look-up a block.
 */
#include <stdint.h>
#include <string.h>

struct span { /* of the block that starts here, as last translated */
    uint16_t bytes;
    uint16_t instructions;
};

struct code { /* memory that instructions are fetched from */
    const uint8_t *bytes;
    uint32_t base;
    uint32_t size;
    struct span *spans; /* one a halfword; null where code may change */
};

enum { CODES = 3 }; /* flash, RAM, and the chip's own code if it has some */

struct counter {
    uint64_t executed;
    uint64_t budget;       /* the block that starts at or above it is not executed */
    int (*stop)(void *uc); /* uc_emu_stop */
    uint32_t spent;        /* 1: the budget, or an unmasked exception, made it stop */
    uint32_t block;        /* the last block begun */
    uint32_t block_bytes;
    uint32_t unknown; /* address of a block outside all code; then 1 is set in it */
    int (*read)(void *uc, int reg, void *value); /* uc_reg_read */
    int mask_register;                           /* PRIMASK */
    uint32_t watch; /* 1: an exception waits; stop where PRIMASK lets it through */
    struct code code[CODES];
};

static uint32_t instructions(const uint8_t *bytes, uint32_t size) {
    uint32_t count = 0;
    for (uint32_t at = 0; at < size; count++) {
        uint16_t half;
        memcpy(&half, bytes + at, sizeof half);
        at += half >= 0xE800u ? 4 : 2; /* Thumb: 0b11101, 0b11110 and 0b11111 begin two halfwords */
    }
    return count;
}

static const struct code *code_at(const struct counter *counter, uint32_t address, uint32_t size) {
    for (uint32_t i = 0; i < CODES; i++) {
        const struct code *code = &counter->code[i];
        if (address >= code->base && address - code->base + size <= code->size) {
            return code;
        }
    }
    return 0;
}

void counter_block(void *uc, uint64_t address, uint32_t size, struct counter *counter) {
    if (counter->executed >= counter->budget) {
        counter->spent = 1;
        counter->stop(uc);
        return;
    }
    if (counter->watch) {
        uint32_t masked = 0;
        counter->read(uc, counter->mask_register, &masked);
        if (!(masked & 1u)) {
            counter->spent = 1;
            counter->stop(uc);
            return;
        }
    }
    const struct code *code = code_at(counter, (uint32_t)address, size);
    counter->block = (uint32_t)address;
    counter->block_bytes = size;
    if (!code) {
        counter->unknown = (uint32_t)address | 1u;
        counter->stop(uc);
        return;
    }
    uint32_t offset = (uint32_t)address - code->base;
    struct span *span = code->spans ? &code->spans[offset / 2] : 0;
    if (!span || span->bytes != size) {
        uint32_t count = instructions(code->bytes + offset, size);
        counter->executed += count;
        if (span && size <= 0xFFFFu) {
            span->bytes = (uint16_t)size;
            span->instructions = (uint16_t)count;
        }
        return;
    }
    counter->executed += span->instructions;
}

/* The core stopped at pc, inside the last block: takes off what it has not executed. */
void counter_uncount(struct counter *counter, uint32_t pc) {
    uint32_t done = pc - counter->block;
    const struct code *code = code_at(counter, counter->block, counter->block_bytes);
    if (code && done < counter->block_bytes) {
        counter->executed -=
            instructions(code->bytes + (pc - code->base), counter->block_bytes - done);
    }
}
