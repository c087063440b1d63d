// SPDX-License-Identifier: Apache-2.0
#include "lib/status.h"

const char *hv_status_name(hv_status status)
{
    switch (status) {
    case HV_OK:
        return "ok";
    case HV_E_INVALID:
        return "invalid value";
    case HV_E_MISSING:
        return "not found";
    case HV_E_RANGE:
        return "out of range";
    case HV_E_OVERLAP:
        return "overlap";
    case HV_E_NOMEM:
        return "out of memory";
    case HV_E_FULL:
        return "too many entries";
    case HV_E_FORMAT:
        return "bad format";
    case HV_E_UNSUPPORTED:
        return "not supported yet";
    case HV_E_BUSY:
        return "already in use";
    case HV_E_DENIED:
        return "not permitted";
    }
    return "unknown status";
}
