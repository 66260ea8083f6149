/* domain_check.h: whether an intact domain agrees with itself.
 *
 * Owns: nothing. Costs: most of what domain_load() does.
 */
#ifndef EARSHOT_DOMAIN_CHECK_H
#define EARSHOT_DOMAIN_CHECK_H

#include <stdbool.h>

#include "domain.h"

/* Of a domain whose sections lie within its bytes. True: whoever follows its arcs by the rules of
 * FORMAT.md leaves no section, comes back from every call, and between two words takes an end. */
bool domain_is_consistent(const struct domain *domain);

#endif
