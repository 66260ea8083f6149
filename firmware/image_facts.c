#include "image_facts.h"

#include "board_facts.h"
#include "earshot.h"

_Static_assert(sizeof(struct image_facts) == 48, "as image_facts.py reads it");
_Static_assert(sizeof BOARD_NAME <= 17 && sizeof EARSHOT_VERSION <= 17, "as HELLO's fields");

/* The linker's. */
extern const uint8_t image_start[], image_end[];

__attribute__((section(".image_facts"), used)) const struct image_facts image_facts = {
    .magic = "EARSHOT",
    .board = BOARD_NAME,
    .firmware = EARSHOT_VERSION,
};

const uint8_t *image_bytes(size_t *count) {
    *count = (size_t)((uintptr_t)image_end - (uintptr_t)image_start);
    return image_start;
}
