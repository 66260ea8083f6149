#include "upload.h"

#include <string.h>

#include "crc32.h"

_Static_assert(LINK_DOMAIN_BEGIN_NAME_MAX == LINK_DOMAIN_STATE_NAME_MAX, "one name");
_Static_assert(LINK_DOMAIN_DATA_DATA_MAX % 8 == 0, "as the link asks for multiples of 8");

_Static_assert(sizeof(void *) != 4 || sizeof(struct upload) == 160, "as upload.h says");

#define DATA_STEP 8u /* bytes */
#define DATA_WORDS (LINK_DOMAIN_DATA_DATA_MAX / 4u)

static void use(struct upload *upload, const struct upload_domain *domain) {
    upload->in_force = *domain;
}

static struct upload_domain in_place(const struct upload *upload,
                                     const struct store_choice *choice) {
    struct upload_domain domain = {
        .bytes = store_place(&upload->store, choice->place),
        .count = choice->bytes,
        .crc32 = choice->crc32,
        .source = LINK_DOMAIN_SOURCE_UPLOADED,
    };
    memcpy(domain.name, choice->name, sizeof domain.name);
    return domain;
}

static bool is_good(const struct upload *upload, const struct upload_domain *domain) {
    return crc32_more(0, domain->bytes, domain->count) == domain->crc32 &&
           upload->format.check(domain->bytes, domain->count) == LINK_DOMAIN_REFUSAL_NONE;
}

void upload_init(struct upload *upload, const struct store_device *device,
                 const struct upload_domain *built_in, const struct upload_format *format) {
    memset(upload, 0, sizeof *upload);
    upload->format = *format;
    upload->built_in = *built_in;
    upload->told = true;
    store_open(&upload->store, device);
    use(upload, built_in);
    if (upload->store.choice.source == LINK_DOMAIN_SOURCE_UPLOADED) {
        const struct upload_domain kept = in_place(upload, &upload->store.choice);
        if (is_good(upload, &kept)) {
            use(upload, &kept);
        }
    }
}

static void end(struct upload *upload, enum link_domain_refusal refused) {
    upload->phase = LINK_DOMAIN_UPLOAD_IDLE;
    upload->refused = (uint8_t)refused;
    upload->told = false;
}

static void refuse(struct upload *upload, enum link_domain_refusal refused) {
    upload->refused = (uint8_t)refused;
    upload->told = false;
}

/* Names are padded with zeros. */
static bool is_same(const char *name, uint32_t bytes, uint32_t crc32,
                    const struct link_domain_begin *begin) {
    return bytes == begin->bytes && crc32 == begin->crc32 &&
           memcmp(name, begin->name, sizeof begin->name) == 0;
}

void upload_begin(struct upload *upload, const struct link_domain_begin *begin) {
    const bool running = upload->phase != LINK_DOMAIN_UPLOAD_IDLE;

    if (store_room(&upload->store) == 0) {
        refuse(upload, LINK_DOMAIN_REFUSAL_NO_STORE);
    } else if (begin->bytes == 0 || begin->bytes > store_room(&upload->store)) {
        refuse(upload, LINK_DOMAIN_REFUSAL_TOO_LARGE);
    } else if (begin->format != upload->format.version) {
        refuse(upload, LINK_DOMAIN_REFUSAL_VERSION);
    } else if ((running &&
                is_same(upload->coming.name, upload->coming.bytes, upload->coming.crc32, begin)) ||
               (!running && is_same(upload->in_force.name, upload->in_force.count,
                                    upload->in_force.crc32, begin))) {
        refuse(upload, LINK_DOMAIN_REFUSAL_NONE);
    } else if (upload->phase == LINK_DOMAIN_UPLOAD_COMPLETE) {
        refuse(upload, LINK_DOMAIN_REFUSAL_BUSY);
    } else {
        upload->coming = (struct store_choice){
            .source = LINK_DOMAIN_SOURCE_UPLOADED,
            .place = (uint8_t)(upload->store.choice.place ^ 1u),
            .bytes = begin->bytes,
            .crc32 = begin->crc32,
        };
        memcpy(upload->coming.name, begin->name, sizeof upload->coming.name);
        upload->phase = LINK_DOMAIN_UPLOAD_PREPARING;
        upload->erased = upload->offset = upload->crc32 = 0;
        refuse(upload, LINK_DOMAIN_REFUSAL_NONE);
    }
}

static bool write(struct upload *upload, const struct link_domain_data *data) {
    const struct store_device *device = upload->store.device;
    const uint32_t at = store_place_offset(&upload->store, upload->coming.place) + upload->offset;
    uint32_t words[DATA_WORDS];

    memset(words, 0xff, sizeof words);
    memcpy(words, data->data, data->data_length);
    return device->write(device->context, at, words, (data->data_length + 3u) / 4u);
}

/* All has come: is it what was announced, and a domain? */
static void complete(struct upload *upload) {
    const struct upload_domain domain = in_place(upload, &upload->coming);
    enum link_domain_refusal refused = LINK_DOMAIN_REFUSAL_CRC;

    if (upload->crc32 == domain.crc32) {
        refused = upload->format.check(domain.bytes, domain.count);
    }
    if (refused == LINK_DOMAIN_REFUSAL_NONE) {
        upload->phase = LINK_DOMAIN_UPLOAD_COMPLETE;
    } else {
        end(upload, refused);
    }
}

void upload_data(struct upload *upload, const struct link_domain_data *data) {
    const uint32_t left = upload->coming.bytes - upload->offset, length = data->data_length;

    upload->told = false;
    if (upload->phase == LINK_DOMAIN_UPLOAD_IDLE) {
        refuse(upload, LINK_DOMAIN_REFUSAL_NO_UPLOAD);
        return;
    }
    refuse(upload, LINK_DOMAIN_REFUSAL_NONE);
    /* Anything but the next bytes is answered with where they start. */
    if (upload->phase != LINK_DOMAIN_UPLOAD_RECEIVING || data->offset != upload->offset) {
        return;
    }
    if (length == 0 || length > left || (length % DATA_STEP != 0 && length != left)) {
        refuse(upload, LINK_DOMAIN_REFUSAL_MALFORMED);
        return;
    }
    if (!write(upload, data)) {
        end(upload, LINK_DOMAIN_REFUSAL_FLASH);
        return;
    }
    upload->crc32 = crc32_more(
        upload->crc32, store_place(&upload->store, upload->coming.place) + upload->offset, length);
    upload->offset += length;
    if (upload->offset == upload->coming.bytes) {
        complete(upload);
    }
}

void upload_control(struct upload *upload, enum link_domain_action action) {
    if (action == LINK_DOMAIN_ACTION_TELL) {
        upload->told = false;
        return;
    }
    end(upload, LINK_DOMAIN_REFUSAL_NONE);
    if (action == LINK_DOMAIN_ACTION_CANCEL ||
        upload->in_force.source == LINK_DOMAIN_SOURCE_BUILT_IN) {
        return;
    }
    if (upload->built_in.bytes == NULL) {
        refuse(upload, LINK_DOMAIN_REFUSAL_NO_BUILT_IN);
        return;
    }
    upload->coming = upload->store.choice;
    upload->coming.source = LINK_DOMAIN_SOURCE_BUILT_IN;
    upload->phase = LINK_DOMAIN_UPLOAD_COMPLETE;
}

static void erase_page(struct upload *upload) {
    const struct store_device *device = upload->store.device;
    const uint32_t at = store_place_offset(&upload->store, upload->coming.place) + upload->erased;

    if (!device->erase(device->context, at)) {
        end(upload, LINK_DOMAIN_REFUSAL_FLASH);
        return;
    }
    upload->erased += device->page_bytes;
    if (upload->erased >= upload->coming.bytes) {
        upload->phase = LINK_DOMAIN_UPLOAD_RECEIVING;
        upload->told = false;
    }
}

static bool change_over(struct upload *upload) {
    if (!store_choose(&upload->store, &upload->coming)) {
        end(upload, LINK_DOMAIN_REFUSAL_FLASH);
        return false;
    }
    if (upload->coming.source == LINK_DOMAIN_SOURCE_UPLOADED) {
        const struct upload_domain domain = in_place(upload, &upload->coming);
        use(upload, &domain);
    } else {
        use(upload, &upload->built_in);
    }
    end(upload, LINK_DOMAIN_REFUSAL_NONE);
    return true;
}

bool upload_chunk(struct upload *upload, bool idle) {
    if (upload->phase == LINK_DOMAIN_UPLOAD_PREPARING) {
        erase_page(upload);
    } else if (upload->phase == LINK_DOMAIN_UPLOAD_COMPLETE && idle) {
        return change_over(upload);
    }
    return false;
}

bool upload_owes(struct upload *upload, struct link_domain_state *state) {
    if (upload->told) {
        return false;
    }
    upload->told = true;
    *state = (struct link_domain_state){
        .source = upload->in_force.source,
        .bytes = upload->in_force.count,
        .crc32 = upload->in_force.crc32,
        .format = upload->format.version,
        .room = store_room(&upload->store),
        .lasting = upload->store.device != NULL && upload->store.device->lasting,
        .upload = upload->phase,
        .offset = upload->offset,
        .refused = upload->refused,
    };
    memcpy(state->name, upload->in_force.name, sizeof state->name);
    return true;
}
