#include "domain_format.h"

#include "domain.h"

static enum link_domain_refusal check(const uint8_t *bytes, size_t count) {
    struct domain domain;

    switch (domain_load(&domain, bytes, count)) {
    case DOMAIN_SOUND:
        return LINK_DOMAIN_REFUSAL_NONE;
    case DOMAIN_OTHER_VERSION:
        return LINK_DOMAIN_REFUSAL_VERSION;
    case DOMAIN_NO_DOMAIN:
    case DOMAIN_DAMAGED:
    case DOMAIN_CONTRADICTORY:
        break;
    }
    return LINK_DOMAIN_REFUSAL_MALFORMED;
}

const struct upload_format domain_format = {.version = 1, .check = check};
