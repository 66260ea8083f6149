/* image_facts.h: what an image says of itself, where a host finds it in the file that it flashes.
 *
 * It follows the vector table. The build writes `build` after linking (image_facts.py): the first
 * eight bytes of the SHA-256 of all that is loaded, with zeros in that place. The same content has
 * the same number, on whatever computer it was built.
 *
 * Owns: 48 bytes of flash. Costs: nothing.
 */
#ifndef EARSHOT_IMAGE_FACTS_H
#define EARSHOT_IMAGE_FACTS_H

#include <stddef.h>
#include <stdint.h>

struct image_facts {
    char magic[8]; /* "EARSHOT", and a zero */
    char board[16];
    char firmware[16];
    uint64_t build;
};

extern const struct image_facts image_facts;

/* The image as it stands in flash, from its vectors on. */
const uint8_t *image_bytes(size_t *count);

#endif
