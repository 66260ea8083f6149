/* reset.h: why one of Ambiq's chips last started.
 *
 * Owns: RSTGEN's status. Costs: nothing after the start.
 */
#ifndef EARSHOT_AMBIQ_RESET_H
#define EARSHOT_AMBIQ_RESET_H

#include "board.h"

/* The register forgets in deep sleep: to be read once, at the start. */
enum board_reset_cause reset_cause_read(void);

#endif
