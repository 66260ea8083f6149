/* upload.h: the domain in force, and the way of another one over the link into the board's store.
 *
 * An upload goes to the place of the store that is not in force, and its record is written last:
 * until then, after anything that goes wrong, and after a reset at any moment, the domain before is
 * in force. It comes in force between two stretches of speech, so that nobody reads the old one
 * when the next upload erases it. What is written is read back into the checksum; nothing else is
 * taken on trust, and the domain is checked whole before it is used, and again after a reset.
 *
 * Owns: struct upload (160 bytes on a 32-bit core), its caller's, and the store. Costs: nothing
 * while no host asks; a page erased or some 200 bytes written a chunk during an upload, which the
 * board may be deaf to its link for; a look at all of the domain at its end and after a reset.
 */
#ifndef EARSHOT_UPLOAD_H
#define EARSHOT_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "store.h"

struct upload_domain {
    const uint8_t *bytes; /* NULL: there is none */
    uint32_t count;
    uint32_t crc32; /* of them */
    uint8_t source; /* enum link_domain_source */
    char name[LINK_DOMAIN_BEGIN_NAME_MAX + 1];
};

/* What may be used as a domain. */
struct upload_format {
    uint8_t version;
    /* LINK_DOMAIN_REFUSAL_NONE, or why it is none. */
    enum link_domain_refusal (*check)(const uint8_t *bytes, size_t count);
};

struct upload {
    struct store store;
    struct upload_format format;
    struct upload_domain built_in;
    struct upload_domain in_force;
    struct store_choice coming; /* while an upload runs, or waits to come in force */
    uint8_t phase;              /* enum link_domain_upload */
    uint8_t refused;            /* enum link_domain_refusal */
    bool told;                  /* no DOMAIN_STATE is owed */
    uint32_t erased;            /* bytes of the place, from its start */
    uint32_t offset;            /* of the byte that comes next */
    uint32_t crc32;             /* of those before it */
};

/* The domain that a reset leaves in force: the one chosen last if it is still whole, else the
 * built-in one. device: NULL without a store. */
void upload_init(struct upload *upload, const struct store_device *device,
                 const struct upload_domain *built_in, const struct upload_format *format);

/* What the host asks; a DOMAIN_STATE is owed afterwards. */
void upload_begin(struct upload *upload, const struct link_domain_begin *begin);
void upload_data(struct upload *upload, const struct link_domain_data *data);
void upload_control(struct upload *upload, enum link_domain_action action);

/* Goes on by a chunk; idle: nobody uses the domain in force. True if another one is in force now.
 */
bool upload_chunk(struct upload *upload, bool idle);

/* True if a DOMAIN_STATE is owed; then it is filled, and told. */
bool upload_owes(struct upload *upload, struct link_domain_state *state);

#endif
