/* domain_format.h: which uploads are domains that this image can decode.
 *
 * Owns: nothing. Costs: what domain_load() costs.
 */
#ifndef EARSHOT_DOMAIN_FORMAT_H
#define EARSHOT_DOMAIN_FORMAT_H

#include "upload.h"

extern const struct upload_format domain_format;

#endif
