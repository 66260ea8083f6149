#include "reset.h"

#include "fault.h"
#include "registers.h"

enum board_reset_cause reset_cause_read(void) {
    const uint32_t stat = RSTGEN_STAT;
    const bool fault = fault_taken();

    if (stat & RSTGEN_STAT_WDRSTAT_Msk) {
        return BOARD_RESET_WATCHDOG;
    }
    if (stat & (RSTGEN_STAT_SWRSTAT_Msk | RSTGEN_STAT_POIRSTAT_Msk | RSTGEN_STAT_DBGRSTAT_Msk)) {
        return fault ? BOARD_RESET_FAULT : BOARD_RESET_SOFTWARE;
    }
    if (stat & RSTGEN_STAT_EXRSTAT_Msk) {
        return BOARD_RESET_PIN;
    }
    if (stat & RSTGEN_STAT_PORSTAT_Msk) {
        return BOARD_RESET_POWER_ON;
    }
    return stat & RSTGEN_STAT_BORSTAT_Msk ? BOARD_RESET_BROWNOUT : BOARD_RESET_UNKNOWN;
}
